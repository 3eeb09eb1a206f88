from __future__ import annotations

import pytest

from clickhouse.schema import sqlfile


def test_names_in_comments_and_strings_do_not_count() -> None:
    text = (
        "-- analytics.a\nSELECT 'analytics.b', x.analytics, /* analytics.c */ 1 FROM analytics.d JOIN analytics . `e`;"
    )
    assert sqlfile.names_of("analytics", text) == {"d", "e"}


def test_the_summary_is_what_the_header_says_first() -> None:
    text = "-- What:   clicks on the\n--         parts of a page.\n-- Why:    because.\n\nSELECT 1"
    assert sqlfile.summary(text) == "clicks on the parts of a page."
    assert sqlfile.summary("SELECT 1") == ""


def test_a_shown_statement_is_its_beginning_without_comments() -> None:
    assert sqlfile.shown("-- why\nCREATE TABLE\n    x -- y\n(a Int8)") == "CREATE TABLE x (a Int8)"
    assert sqlfile.shown("SELECT " + "a, " * 100).endswith(" …")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1;", "the header has no `-- What:` line"),
        ("-- What: x\nSELECT 1;", "the header has no `-- Mind:` line"),
        ("-- What: x\n-- Mind: y\n", "there is no statement in it"),
        ("-- What: x\n-- Mind: y\nSELECT 'a;", "line 3: the quote or comment that opens here is never closed"),
        ("-- What: x\n-- Mind: y\nSELECT /* a;", "line 3: the quote or comment"),
        ("-- What: x\n-- Mind: y\nSELECT 1;\nSELECT (1;", "statement 2 (SELECT (1): a ( is never closed"),
        ("-- What: x\n-- Mind: y\nSELECT 1);", "a ) closes what was not opened"),
        ("-- What: x\n-- Mind: y\nSELECT [1);", "a ) closes what was not opened"),
    ],
)
def test_a_broken_text_is_told_where(text: str, problem: str) -> None:
    assert any(problem in found for found in sqlfile.text_problems(text))


def test_brackets_and_semicolons_in_strings_and_comments_are_no_problem() -> None:
    assert sqlfile.text_problems("-- What: it's (\n-- Mind: y;\nSELECT ')', ';' -- )\n, f('it''s [');") == []
