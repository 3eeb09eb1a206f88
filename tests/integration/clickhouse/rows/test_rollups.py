"""Rollups by day: right under redelivery and late events, outliving the rows, forgetting who was erased."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.connection.client import execute, rows
from tests.integration.clickhouse.conftest import count, land

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

ROLLUPS = ("activity", "pages", "films", "searches")
TODAY = dt.datetime.now(tz=dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAY = TODAY - dt.timedelta(days=3)
OLD_DAY = TODAY - dt.timedelta(days=33)  # counted anew by a refresh still, but no longer live


def event(event_type: str, who: str, at: dt.datetime, **payload: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "identity": who,
        "anonymous_id": who,
        "key_time": at.timestamp(),
        "occurred_at": at.timestamp(),
        "received_at": at.timestamp(),
        "payload": payload,
    }


def deeds(who: str, at: dt.datetime) -> list[dict[str, Any]]:
    """One event for each rollup."""
    view_id = str(uuid.uuid4())
    return [
        event("page_view", who, at, view_id=view_id, page_type="movie", page_id="tt1"),
        event("page_leave", who, at, view_id=view_id, page_type="movie", page_id="tt1", dwell_ms=1000),
        event("video_complete", who, at, movie_id="tt1", duration_ms=5, watched_ms=4),
        event("search_filter", who, at, query="Film", results_count=0),
    ]


def refresh(client: Client) -> None:
    for name in ROLLUPS:
        execute(client, f"SYSTEM REFRESH VIEW ugc.{name}_per_day_mv")
        execute(client, f"SYSTEM WAIT VIEW ugc.{name}_per_day_mv")


def stored(client: Client, day: dt.datetime) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables say of a day: of its newest refresh, without the row that only marks it."""
    found = {}
    for name, key in zip(ROLLUPS, ("events > 0", "page_type != ''", "movie_id != ''", "searches > 0"), strict=True):
        table = f"ugc.{name}_per_day"
        newest = f"(SELECT max(refreshed_at) FROM {table} WHERE day = {{day:Date}})"
        query = (
            f"SELECT * EXCEPT refreshed_at FROM {table} WHERE day = {{day:Date}} AND refreshed_at = {newest} AND {key}"
        )
        found[name] = sorted(tuple(row.values())[1:] for row in rows(client, query, day=day.date()))
    return found


@pytest.fixture
def clean(client: Client) -> Iterator[None]:
    """No events and no rollups; every insert a part of its own."""
    execute(client, "SYSTEM STOP MERGES")
    yield
    execute(client, "SYSTEM START MERGES")
    for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc' AND engine = 'ReplacingMergeTree'"):
        execute(client, f"TRUNCATE TABLE ugc.{row['name']}")


@pytest.mark.usefixtures("clean")
def test_a_redelivery_and_a_late_event_make_a_rollup_right_and_not_double(client: Client) -> None:
    ann, bob = deeds("ann", OLD_DAY), deeds("bob", OLD_DAY + dt.timedelta(hours=23))
    land(client, *ann)
    refresh(client)
    once = stored(client, OLD_DAY)
    assert once["pages"] == [("movie", "tt1", 1, 1, 1, 1000, 0)]
    assert once["films"] == [("tt1", 1, 1, 1, 4, 0, 0, 0)]
    assert once["searches"] == [("film", 1, 1, 1, 1)]
    assert [row[1] for row in once["activity"]] == [4]
    land(client, *ann)
    land(client, *[{**each, "received_at": each["received_at"] + 60} for each in ann])
    refresh(client)
    assert stored(client, OLD_DAY) == once, "delivered three times"
    land(client, *bob)
    refresh(client)
    both = stored(client, OLD_DAY)
    assert both["pages"] == [("movie", "tt1", 2, 2, 2, 2000, 0)]
    assert both["films"] == [("tt1", 2, 2, 2, 8, 0, 0, 0)]
    assert both["searches"] == [("film", 2, 2, 2, 2)]
    assert [row[1] for row in both["activity"]] == [4, 4]
    view = rows(
        client, "SELECT views, active_users FROM analytics.pages_per_day WHERE day = {day:Date}", day=OLD_DAY.date()
    )
    assert view == [{"views": 2, "active_users": 2}]


@pytest.mark.usefixtures("clean")
def test_a_view_shows_a_late_event_at_once_without_a_refresh(client: Client) -> None:
    land(client, *deeds("ann", DAY))
    refresh(client)
    land(client, *deeds("bob", DAY))
    for view, column in (
        ("daily_active_users", "active_users"),
        ("top_films", "active_users"),
        ("pages_per_day", "views"),
    ):
        assert [row[column] for row in rows(client, f"SELECT {column} FROM analytics.{view}")] == [2], view


@pytest.mark.usefixtures("clean")
def test_rollups_outlive_the_rows(client: Client) -> None:
    land(client, *deeds("ann", OLD_DAY), *deeds("bob", OLD_DAY))
    refresh(client)
    for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc' AND engine = 'ReplacingMergeTree'"):
        if not row["name"].endswith("_per_day"):
            execute(client, f"TRUNCATE TABLE ugc.{row['name']}")
    daily = rows(client, "SELECT day, active_users, events FROM analytics.daily_active_users")
    assert daily == [{"day": OLD_DAY.date(), "active_users": 2, "events": 8}]
    films = rows(client, "SELECT movie_id, active_users, completions FROM analytics.top_films")
    assert films == [{"movie_id": "tt1", "active_users": 2, "completions": 2}]
    searches = rows(client, "SELECT query, without_results FROM analytics.searches_without_results")
    assert searches == [{"query": "film", "without_results": 2}]
    assert rows(client, "SELECT month, active_users FROM analytics.monthly_active_users") == [
        {"month": OLD_DAY.date().replace(day=1), "active_users": 2}
    ]


@pytest.mark.usefixtures("clean")
def test_what_is_not_there_any_more_is_gone_with_the_next_refresh_also_when_nothing_is_left_of_the_day(
    client: Client,
) -> None:
    land(client, *deeds("ann", OLD_DAY))
    land(client, event("search_filter", "bob", OLD_DAY, query="bob only", results_count=0))
    refresh(client)
    assert count(client, "analytics.searches_per_day") == 2
    execute(client, "SYSTEM START MERGES")  # which are what deletes
    execute(client, "DELETE FROM ugc.search_filters WHERE identity = 'bob'")
    refresh(client)
    assert rows(client, "SELECT query FROM analytics.searches_per_day") == [{"query": "film"}]
    execute(client, "TRUNCATE TABLE ugc.search_filters")
    refresh(client)
    assert count(client, "analytics.searches_per_day") == 0


@pytest.mark.usefixtures("clean")
def test_bots_are_in_no_rollup(client: Client) -> None:
    land(client, *[{**each, "is_bot": True} for each in deeds("bot", OLD_DAY)])
    refresh(client)
    assert not any(stored(client, OLD_DAY).values())


@pytest.mark.usefixtures("clean")
def test_a_refresh_leaves_days_alone_that_are_older_than_its_window(client: Client) -> None:
    older = TODAY - dt.timedelta(days=40)
    land(client, *deeds("ann", older))
    execute(client, "INSERT INTO ugc.activity_per_day SELECT *, now64(3, 'UTC') FROM ugc.activity_per_day_live")
    execute(client, "TRUNCATE TABLE ugc.events")
    refresh(client)
    assert rows(client, "SELECT day, active_users FROM analytics.daily_active_users") == [
        {"day": older.date(), "active_users": 1}
    ]


@pytest.mark.usefixtures("clean")
def test_the_live_count_reads_only_the_days_that_are_asked_for(client: Client) -> None:
    query = "EXPLAIN indexes = 1 SELECT * FROM analytics.daily_active_users WHERE day > today() + 300"
    land(client, *deeds("ann", DAY))
    plan = "\n".join(row["explain"] for row in rows(client, query))
    assert "occurred_at_minmax" in plan
    assert "Granules: 0/" in plan


def sessions(client: Client) -> list[tuple[Any, ...]]:
    query = "SELECT identity, started_at, ended_at, events FROM analytics.sessions ORDER BY ALL"
    return [tuple(row.values()) for row in rows(client, query)]


def settle_sessions(client: Client) -> None:
    """Refresh, and pretend that it was long ago: nothing is stale but what comes from now on."""
    execute(client, "SYSTEM REFRESH VIEW ugc.sessions_mv")
    execute(client, "SYSTEM WAIT VIEW ugc.sessions_mv")
    long_ago = "inserted_at - INTERVAL 1 DAY"
    execute(client, "SYSTEM START MERGES")
    execute(client, f"ALTER TABLE ugc.events UPDATE inserted_at = {long_ago} WHERE 1 SETTINGS mutations_sync = 1")


@pytest.mark.usefixtures("clean")
def test_sessions_are_the_same_live_and_stored_and_a_late_event_joins_two(client: Client) -> None:
    night = DAY + dt.timedelta(hours=23, minutes=50)
    later = [night + dt.timedelta(minutes=minutes) for minutes in (0, 40, 60)]
    land(client, *(event("click", "ann", at) for at in later), event("click", "bob", OLD_DAY))
    live = sessions(client)
    assert [(row[0], row[3]) for row in live] == [("ann", 1), ("ann", 2), ("bob", 1)]
    settle_sessions(client)
    assert count(client, "ugc.sessions_stale") == 0
    assert sessions(client) == live, "now from the table"
    assert count(client, "ugc.sessions", "identity != ''") == 3
    late = event("click", "ann", night + dt.timedelta(minutes=20))
    land(client, late)
    land(client, {**late, "received_at": late["received_at"] + 60})
    joined = [("ann", later[0], later[2], 4), ("bob", OLD_DAY, OLD_DAY, 1)]
    assert sessions(client) == joined, "at once, and over midnight"
    assert count(client, "ugc.sessions_stale") == 3, "bob's day is not cut again"
    settle_sessions(client)
    assert count(client, "ugc.sessions_stale") == 0
    assert sessions(client) == joined
