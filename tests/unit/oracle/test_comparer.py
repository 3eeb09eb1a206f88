"""The auditor is audited: what differs is found, and what is the same by another name is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.oracle.answers.catalogue import questions
from tests.oracle.answers.ledger import Ledger, Table
from tests.oracle.compare import compare
from tests.oracle.landing import land
from tests.oracle.lives.generator import generate
from tests.oracle.lives.times import Calendar
from tests.unit.oracle.made import ms

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = ms("2026-03-20 15:00:00")
CALENDAR = Calendar(NOW)
QUESTIONS = {question.name: question for question in questions(CALENDAR)}
ENOUGH = 100
ID = "aaaaaaaa-0000-4000-8000-000000000000"
WITHOUT_ROWS = {"user_journey-nobody-at-all"}


@pytest.fixture(scope="module")
def lived() -> Iterator[Ledger]:
    ledger = Ledger(land(generate(7, NOW, 4_000)), CALENDAR.today)
    yield ledger
    ledger.close()


def changed(value: Any) -> Any:
    """Another value of the same kind, by as little as makes sense."""
    changes: dict[type, Any] = {
        bool: lambda: not value,
        int: lambda: value + 1,
        float: lambda: value * (1 + 1e-6) + 1e-6,
        str: lambda: '{"another":1}' if value.startswith("{") else f"{value}.",
        datetime: lambda: value + timedelta(milliseconds=1),
        date: lambda: value + timedelta(days=1),
        list: lambda: [*value, "."],
        NoneType: lambda: 0,
    }
    return changes[type(value)]()


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_equal_to_itself_in_any_order(lived: Ledger, name: str) -> None:
    answer = QUESTIONS[name].answer(lived)
    assert not compare(answer, answer.columns, answer.rows[::-1])


@pytest.mark.parametrize("name", sorted(QUESTIONS.keys() - WITHOUT_ROWS))
def test_a_row_lost_doubled_or_changed_in_any_column_is_found(lived: Ledger, name: str) -> None:
    whole = QUESTIONS[name].answer(lived)
    answer = Table(whole.columns, whole.rows[:ENOUGH], whole.divided, whole.json)
    assert answer.rows
    middle = len(answer.rows) // 2
    row, others = answer.rows[middle], [*answer.rows[:middle], *answer.rows[middle + 1 :]]
    lost = compare(answer, answer.columns, others)
    assert (len(lost.missing), len(lost.unexpected)) == (1, 0)
    doubled = compare(answer, answer.columns, [*answer.rows, row])
    assert (len(doubled.missing), len(doubled.unexpected)) == (0, 1)
    for place, column in enumerate(answer.columns):
        planted = (*row[:place], changed(row[place]), *row[place + 1 :])
        found = compare(answer, answer.columns, [*others, planted])
        assert (len(found.missing), len(found.unexpected)) == (1, 1), column
        assert str(found).count("\n") == 3


def test_the_two_engines_names_for_a_value_are_one() -> None:
    known: tuple[Any, ...] = (
        date(2026, 3, 1),
        datetime(2026, 3, 1, 1, 2, 3, 4_000, tzinfo=UTC).replace(tzinfo=None),
        ID,
        True,
        2,
        ["x"],
        '{"b": 1, "a": "ä"}',
    )
    expected = Table(("day", "at", "id", "flag", "n", "list", "json"), [known], json=frozenset({"json"}))
    there = (
        date(2026, 3, 1),
        datetime(2026, 3, 1, 1, 2, 3, 4_000, tzinfo=UTC),
        UUID(ID),
        1,
        2.0,
        ("x",),
        '{"a":"\\u00e4","b":1}',
    )
    assert not compare(expected, expected.columns, [there])


def test_quotients_are_close_and_other_fractions_are_equal() -> None:
    expected = Table(("share", "rating"), [(1 / 3, 7.5)], divided=frozenset({"share"}))
    assert not compare(expected, ("share", "rating"), [(0.33333333333333337, 7.5)])
    assert compare(expected, ("share", "rating"), [(0.3333, 7.5)])
    assert compare(expected, ("share", "rating"), [(1 / 3, 7.500000000000001)])
    assert compare(expected, ("share", "rating"), [(None, 7.5)])


def test_columns_that_are_missing_or_unknown_are_told() -> None:
    expected = Table(("a", "b"), [(1, 2)])
    found = compare(expected, ("b", "c", "written"), [(2, 3, 4)], ignored=("written",))
    assert (found.missing_columns, found.unexpected_columns) == (("a",), ("c",))
    assert not found.missing
    assert "columns missing: a" in str(found)
