"""Every view over the example events, against answers that were worked out by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from clickhouse.authoring import examples
from clickhouse.authoring.examples import Calendar
from clickhouse.connection.client import execute, rows
from clickhouse.schema import views

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ANSWERS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("view_answers.yaml").read_text(encoding="utf-8"))
CALENDAR = Calendar.until(dt.datetime.now(tz=dt.UTC).date())
# Readers have tests of their own; the others tell of the server, not of the events.
NOT_HERE = {
    *("events", "clicks", "page_views", "page_leaves", "video_quality_changes", "video_completions"),
    *("video_progress", "search_filters", "custom_events"),
    *("pipeline_freshness", "consumer_lag", "ingestion_errors", "table_sizes"),
}


@pytest.fixture(scope="module", autouse=True)
def fixture(client: Client) -> None:
    execute(client, "SYSTEM STOP MERGES")
    examples.insert(client, CALENDAR)


def as_written(value: Any) -> Any:
    """A value of the database as the answers write it."""
    if isinstance(value, dt.datetime):
        text = CALENDAR.moved_back(value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])
        return text.removesuffix(".000")
    if isinstance(value, dt.date):
        return dt.date.fromisoformat(CALENDAR.moved_back(str(value)))
    return round(value, 4) if isinstance(value, float) else value


@pytest.mark.parametrize("case", ANSWERS)
def test_a_view_answers_what_was_worked_out_by_hand(client: Client, case: str) -> None:
    view = case.partition(" ")[0]
    columns = ", ".join(ANSWERS[case]["columns"])
    source = CALENDAR.moved(ANSWERS[case].get("from", f"analytics.{view}"))
    found = rows(client, f"SELECT {columns} FROM {source} ORDER BY {columns}")
    assert [[as_written(value) for value in row.values()] for row in found] == ANSWERS[case]["rows"]


@pytest.mark.parametrize("case", [case for case in ANSWERS if case != "duplicates"])
def test_a_view_answers_the_same_when_the_rollups_have_counted_and_all_is_merged(client: Client, case: str) -> None:
    for name in ("activity_per_day", "pages_per_day", "films_per_day", "searches_per_day", "sessions"):
        execute(client, f"SYSTEM REFRESH VIEW ugc.{name}_mv")
        execute(client, f"SYSTEM WAIT VIEW ugc.{name}_mv")
    test_a_view_answers_what_was_worked_out_by_hand(client, case)


def test_every_view_has_an_answer() -> None:
    assert {case.partition(" ")[0] for case in ANSWERS} | NOT_HERE == {view.name for view in views.load()}


def test_every_column_of_a_view_is_commented(client: Client) -> None:
    missing = rows(client, "SELECT table, name FROM system.columns WHERE database = 'analytics' AND comment = ''")
    assert missing == []


def test_readers_show_bots_and_say_so(client: Client) -> None:
    for view in ("events", "clicks", "page_views", "page_leaves", "search_filters", "video_progress"):
        found = rows(client, f"SELECT countIf(is_bot) AS bots, countIf(NOT is_bot) > 0 AS people FROM analytics.{view}")
        assert found == [{"bots": 7 if view == "events" else 1, "people": 1}], view


def test_views_run_with_the_rights_of_who_made_them(client: Client) -> None:
    strangers = rows(
        client,
        "SELECT name FROM system.tables "
        "WHERE database = 'analytics' AND create_table_query NOT LIKE '%SQL SECURITY DEFINER%'",
    )
    assert strangers == []


def test_the_examples_fit_into_a_month_and_into_what_is_counted_live() -> None:
    for today in (dt.date(2026, 1, 1) + dt.timedelta(days=offset) for offset in range(800)):
        monday = Calendar.until(today).monday
        last = monday + dt.timedelta(days=3)
        assert monday.weekday() == 0
        assert monday.day > 1
        assert monday.month == last.month
        assert last < today
        assert (today - monday).days < 31


def test_moved_dates_come_back() -> None:
    calendar = Calendar(dt.date(2027, 11, 8))
    text = "month 2026-03-01, Monday 2026-03-02, Thursday 2026-03-05 08:00:00"
    assert calendar.moved(text) == "month 2027-11-01, Monday 2027-11-08, Thursday 2027-11-11 08:00:00"
    assert calendar.moved_back(calendar.moved(text)) == text
