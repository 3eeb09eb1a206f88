"""Every view over the example events, against answers that were worked out by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from clickhouse.authoring import examples
from clickhouse.authoring.examples import Calendar
from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.schema import refreshes, views
from tests.integration.clickhouse.conftest import land, one

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ANSWERS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("view_answers.yaml").read_text(encoding="utf-8"))
CALENDAR = Calendar.until(dt.datetime.now(tz=dt.UTC).date())
# Readers have tests of their own; the others tell of the server, not of the events.
NOT_HERE = {
    *("events", "clicks", "page_views", "page_leaves", "video_quality_changes", "video_completions"),
    *("video_progress", "search_filters", "custom_events"),
    *("pipeline_freshness", "consumer_lag", "ingestion_errors", "table_sizes", "late_days"),
}


@pytest.fixture(scope="module", autouse=True)
def fixture(client: Client) -> None:
    execute(client, "SYSTEM STOP MERGES")
    examples.insert(client, CALENDAR)
    refreshes.settle(client)


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
def test_a_view_answers_the_same_when_all_is_merged(client: Client, case: str) -> None:
    execute(client, "SYSTEM START MERGES")
    for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc' AND engine LIKE '%MergeTree'"):
        execute(client, f"OPTIMIZE TABLE ugc.{row['name']} FINAL")
    test_a_view_answers_what_was_worked_out_by_hand(client, case)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("funnel(steps = [], {rest})", "expected 1 to 8 of them"),
        ("funnel(steps = arrayResize(['click'], 9, 'click'), {rest})", "expected 1 to 8 of them"),
        ("funnel(steps = ['click', 'klick'], {rest})", "expected click, page_view"),
        ("funnel(steps = ['click:trailer', 'video:playing'], {rest})", "expected click, page_view"),
        ("funnel_of_film(steps = ['klick'], movie_id = '', {rest})", "expected click, page_view"),
        ("funnel(steps = ['click'], window_seconds = 60, since = '2026-11-01', until = '2026-11-31')", "expected days"),
        ("retention(since = '2026-11-01', until = '2026-11-40')", "expected days such as 2026-11-30"),
        ("retention(since = '2026-02-30', until = '2026-03-40')", "expected days such as 2026-11-30"),
        ("weekly_retention(since = 'yesterday', until = '2026-11-30')", "expected days such as 2026-11-30"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_with_a_sentence(client: Client, asked: str, says: str) -> None:
    question = asked.format(rest="window_seconds = 60, since = '2026-11-01', until = '2026-11-02'")
    with pytest.raises(OperationError, match=says):
        rows(client, f"SELECT * FROM analytics.{question}")


def test_of_a_page_left_twice_the_last_leave_says_it_all(client: Client) -> None:
    """Also what it leaves open: 20 percent were scrolled then, and how long the page was active is not known."""
    view_id, day = str(uuid.uuid4()), dt.datetime.now(tz=dt.UTC).replace(hour=0, minute=0, second=1, microsecond=0)
    page = {"view_id": view_id, "page_type": "promotion", "page_id": "left-twice"}
    leaves = [
        (10, {"dwell_ms": 10_000, "active_ms": 9_000, "scroll_percent": 90}),
        (30, {"dwell_ms": 30_000, "scroll_percent": 20}),
    ]
    moments = [("page_view", 0, {}), *(("page_leave", second, told) for second, told in leaves)]
    for event_type, second, told in moments:
        at = (day + dt.timedelta(seconds=second)).timestamp()
        land(
            client,
            {
                "event_id": str(uuid.uuid4()),
                "event_type": event_type,
                "user_id": "left-twice",
                "key_time": at,
                "occurred_at": at,
                "received_at": at,
                "payload": {**page, **told},
            },
        )
    visit = one(client, "SELECT * FROM analytics.page_visits WHERE view_id = {id:UUID}", id=view_id)
    assert (visit["dwell_ms"], visit["active_ms"], visit["scroll_percent"]) == (30_000, None, 20)
    assert one(client, "SELECT leaves FROM analytics.page_dwell WHERE page_type = 'promotion'")["leaves"] == 1


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
