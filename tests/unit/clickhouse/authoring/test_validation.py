from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clickhouse.authoring import validation
from clickhouse.connection.errors import OperationError
from clickhouse.schema import runner

if TYPE_CHECKING:
    from pathlib import Path

UP = "-- What: a\n-- Why: b\n-- Query: c\n-- Mind: d\n\nCREATE TABLE IF NOT EXISTS ugc.t (a Int8) ENGINE = Null;\n"
DOWN = "-- What: a\n\nDROP TABLE IF EXISTS ugc.t;\n"
VIEW = "-- What: a\n-- Query: b\n-- Mind: c\n\nCREATE OR REPLACE VIEW analytics.v\nAS SELECT 1 AS one;\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good migrations and a good view."""
    for name in ("migrations", "views"):
        (tmp_path / name).mkdir()
    for name in ("0001_one", "0002_two"):
        (tmp_path / "migrations" / f"{name}.sql").write_text(UP, encoding="utf-8")
        (tmp_path / "migrations" / f"{name}.down.sql").write_text(DOWN, encoding="utf-8")
    (tmp_path / "views" / "v.sql").write_text(VIEW, encoding="utf-8")
    return tmp_path


def problems(folder: Path) -> str:
    return "\n".join(validation.problems(folder / "migrations", folder / "views", event_types=[]))


def test_files_that_keep_the_rules_pass(folder: Path) -> None:
    assert problems(folder) == ""


def test_the_files_of_the_project_pass() -> None:
    assert validation.problems() == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("migrations/0003_alone.sql", UP, "migrations/0003_alone.sql: its partner 0003_alone.down.sql is missing"),
        ("migrations/0003_alone.down.sql", DOWN, "its partner 0003_alone.sql is missing"),
        ("migrations/0002_other.sql", UP, "migrations/0002_other.sql: "),
        ("migrations/3_short.sql", UP, "migrations/3_short.sql: the name must be NNNN_lower_case.sql"),
        ("migrations/0003_Upper.sql", UP, "the name must be NNNN_lower_case.sql"),
        ("migrations/0004_gap.sql", UP, "number 0003 is missing"),
        (
            "migrations/0002_two.sql",
            "CREATE TABLE ugc.t (a Int8) ENGINE = Null;",
            "0002_two.sql: the header has no `-- What:`",
        ),
        ("migrations/0002_two.sql", UP.replace("-- Query", "-- Quer"), "the header has no `-- Query:` line"),
        (
            "migrations/0002_two.sql",
            UP.replace("Int8)", "Int8"),
            "statement 1 (CREATE TABLE IF NOT EXISTS ugc.t (a Int8",
        ),
        ("migrations/0002_two.down.sql", "-- What: a\n", "migrations/0002_two.down.sql: "),
        ("views/v.sql", VIEW.replace("-- Mind", "-- Mine"), "views/v.sql: the header has no `-- Mind:` line"),
        ("views/w.sql", VIEW, "views/w.sql must hold one statement: CREATE OR REPLACE VIEW analytics.w"),
        ("views/v.sql", VIEW.replace("'", "").replace("1 AS", "'1 AS"), "views/v.sql: line 6: the quote"),
    ],
)
def test_a_file_that_breaks_a_rule_is_named_with_the_rule(folder: Path, name: str, text: str, problem: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    assert problem in problems(folder)


def test_a_file_that_is_not_utf_8_is_named(folder: Path) -> None:
    (folder / "views" / "v.sql").write_bytes(VIEW.encode() + b"\xff")
    assert "views/v.sql: is not UTF-8" in problems(folder)


def test_new_writes_a_pair_that_keeps_the_rules_and_takes_the_next_number(folder: Path) -> None:
    created = runner.new("Add Ratings!", folder / "migrations")
    assert [path.name for path in created] == ["0003_add_ratings.sql", "0003_add_ratings.down.sql"]
    assert problems(folder) == ""


def test_new_refuses_a_name_without_letters(folder: Path) -> None:
    with pytest.raises(OperationError, match="must contain letters or digits"):
        runner.new("!!!", folder / "migrations")
