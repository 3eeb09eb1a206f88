"""Rollups by day: right under redelivery and late events, outliving the rows, forgetting who was erased."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import execute, rows
from tests.integration.clickhouse.conftest import count, land, refresh
from tests.integration.clickhouse.rows.deeds import days_ago, deeds, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

ROLLUPS = ("activity", "pages", "films", "searches")
DAY, OLD_DAY = days_ago(3), days_ago(33)
pytestmark = pytest.mark.usefixtures("by_hand")


def stored(client: Client, day: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables say of a day: of its newest refresh, without the row that only marks it."""
    found = {}
    for name, key in zip(ROLLUPS, ("events > 0", "page_type != ''", "movie_id != ''", "searches > 0"), strict=True):
        table = f"ugc.{name}_per_day"
        newest = f"(SELECT max(refreshed_at) FROM {table} WHERE day = {{day:Date}})"
        of_day = f"FROM {table} WHERE day = {{day:Date}} AND refreshed_at = {newest} AND {key}"
        query = f"SELECT * EXCEPT (refreshed_at, seen_at) {of_day}"
        found[name] = sorted(tuple(row.values())[1:] for row in rows(client, query, day=day.date()))
    return found


@pytest.fixture
def operator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of commands."""
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", settings.url)


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
    ann, bob = deeds("ann", OLD_DAY), deeds("bob", OLD_DAY + timedelta(hours=11))
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
@pytest.mark.parametrize("day", [0, 1])
def test_a_view_shows_an_event_of_today_or_yesterday_at_once_without_a_refresh(client: Client, day: int) -> None:
    at = days_ago(day + 0.5)
    land(client, *deeds("ann", at))
    refresh(client)
    land(client, *deeds("bob", at))
    for view, column in (
        ("daily_active_users", "active_users"),
        ("top_films", "active_users"),
        ("pages_per_day", "views"),
        ("searches_per_day", "searches"),
    ):
        assert [row[column] for row in rows(client, f"SELECT {column} FROM analytics.{view}")] == [2], view
    assert count(client, "analytics.sessions") == 2


@pytest.mark.usefixtures("clean")
def test_an_event_that_claims_to_be_of_tomorrow_is_in_no_daily_view_before_tomorrow(client: Client) -> None:
    land(client, *deeds("ann", days_ago(-1)))
    refresh(client)
    for view in (
        "daily_active_users",
        "activity_per_day",
        "top_films",
        "pages_per_day",
        "searches_per_day",
        "sessions",
    ):
        assert count(client, f"analytics.{view}") == 0, view
    assert count(client, "analytics.events") == 4


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


@pytest.mark.usefixtures("clean", "operator")
def test_what_was_deleted_is_gone_with_the_next_count_also_when_nothing_is_left_of_the_day(client: Client) -> None:
    land(client, *deeds("ann", OLD_DAY))
    land(client, event("search_filter", "bob", OLD_DAY, query="bob only", results_count=0))
    land(client, event("search_filter", "bob", OLD_DAY, query=""))
    refresh(client)
    shown = "SELECT query FROM analytics.searches_per_day ORDER BY query"
    assert [row["query"] for row in rows(client, shown)] == ["", "bob only", "film"]
    execute(client, "SYSTEM START MERGES")  # which are what deletes
    execute(client, "OPTIMIZE TABLE ugc.searches_per_day FINAL")
    assert [row["query"] for row in rows(client, shown)] == ["", "bob only", "film"], "the mark of the day hides none"
    recount = ["recount", "--from", f"{OLD_DAY:%Y-%m-%d}", "--to", f"{OLD_DAY:%Y-%m-%d}"]
    execute(client, "DELETE FROM ugc.search_filters WHERE identity = 'bob'")
    assert main(recount) == 0
    assert [row["query"] for row in rows(client, shown)] == ["film"]
    execute(client, "TRUNCATE TABLE ugc.search_filters")
    assert main(recount) == 0
    assert count(client, "analytics.searches_per_day") == 0
    assert count(client, "analytics.films_per_day") == 1


@pytest.mark.usefixtures("clean")
def test_bots_are_in_no_rollup(client: Client) -> None:
    land(client, *[{**each, "is_bot": True} for each in deeds("bot", OLD_DAY)])
    refresh(client)
    assert not any(stored(client, OLD_DAY).values())


@pytest.mark.usefixtures("clean")
def test_a_refresh_leaves_days_alone_whose_rows_have_left(client: Client) -> None:
    older = days_ago(40)
    land(client, *deeds("ann", older))
    refresh(client)
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


@pytest.mark.usefixtures("clean")
def test_sessions_are_the_same_live_and_stored_and_a_late_event_joins_two(client: Client) -> None:
    night = days_ago(3) + timedelta(hours=11, minutes=50)
    later = [night + timedelta(minutes=minutes) for minutes in (0, 40, 60)]
    land(client, *(event("click", "ann", at) for at in later), event("click", "bob", OLD_DAY))
    days = {"days": [f"{days_ago(ago):%Y-%m-%d}" for ago in (33, 3, 2)]}
    live = "ugc.sessions_of_days(days = {days:Array(Date)}, tables = '')"
    query = f"SELECT identity, started_at, ended_at, events FROM {live} ORDER BY ALL"
    cut = [tuple(row.values()) for row in rows(client, query, **days)]
    assert [(row[0], row[3]) for row in cut] == [("ann", 1), ("ann", 2), ("bob", 1)]
    refresh(client)
    assert sessions(client) == cut, "from the table"
    assert count(client, "ugc.sessions", "identity != ''") == 3
    late = event("click", "ann", night + timedelta(minutes=20))
    land(client, late)
    land(client, {**late, "received_at": late["received_at"] + 60})
    waiting = {row["day"] for row in rows(client, "SELECT day FROM ugc.sessions_days WHERE written_at > last_seen_at")}
    assert waiting == {days_ago(ago).date() for ago in (3, 2, 1)}, "bob's day is not cut again"
    refresh(client)
    assert sessions(client) == [("ann", later[0], later[2], 4), ("bob", OLD_DAY, OLD_DAY, 1)], "over midnight"
