"""What `erase` makes of numbers: every one is what the rows that stay say, counted by hand here; others keep theirs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.rows import counting, erase
from clickhouse.rows.reach import Reach
from clickhouse.schema import refreshes
from tests.integration.clickhouse.conftest import count, land, one, refresh, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

pytestmark = pytest.mark.usefixtures("emptied")

TODAY = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NEW, OLD = TODAY - timedelta(days=3), TODAY - timedelta(days=60)


def did(
    at: datetime, user: str, browser: str, page: str = "", event_type: str = "page_view", **fields: Any
) -> dict[str, Any]:
    """One deed, received when it happened."""
    return {
        "event_type": event_type,
        "event_id": str(uuid.uuid4()),
        "key_time": at.timestamp(),
        "occurred_at": at.timestamp(),
        "received_at": at.timestamp(),
        "identity": user or browser,
        "user_id": user,
        "anonymous_id": browser,
        "page_url": page,
        "payload": {"page_type": "movie", "page_id": "tt1"},
        **fields,
    }


def at(day: datetime, hour: int, minute: int = 0) -> datetime:
    return day + timedelta(hours=hour, minutes=minute)


def evening(day: datetime) -> list[dict[str, Any]]:
    """Ann at home (browser a) before and after she signed in and by phone; Bob at her computer."""
    return [
        did(at(day, 9), "", "a", "/a"),
        did(at(day, 10), "ann", "a", "/home"),
        did(at(day, 10, 10), "ann", "a", "/secret"),
        did(at(day, 10, 20), "ann", "phone", "/phone"),
        did(at(day, 10, 30), "ann", "phone", "/film"),
        did(at(day, 11), "bob", "a", "/bob"),
        did(at(day, 12), "bob", "work", "/work"),
    ]


def settle(client: Client) -> None:
    """Every day counted and cut, as refreshes did while all of its rows were there."""
    days = {row["day"] for row in rows(client, "SELECT DISTINCT toDate(occurred_at) AS day FROM ugc.events")}
    for table in counting.rollups(client):
        counting.count(client, table, days)
    counting.cut(client, days)


def shown_sessions(client: Client) -> list[tuple[Any, ...]]:
    query = "SELECT identity, started_at, ended_at, events, entry_page, exit_page FROM analytics.sessions ORDER BY ALL"
    return [tuple(row.values()) for row in rows(client, query)]


def shown_activity(client: Client, day: datetime) -> dict[str, int]:
    query = """
        WITH {names:Array(String)} AS names
        SELECT transform(identity_hash, arrayMap(name -> cityHash64(name), names), names, 'nobody') AS who, events
        FROM analytics.activity_per_day
        WHERE day = {day:Date}
    """
    found = rows(client, query, day=day.date(), names=["ann", "bob", "a", "x"])
    assert len(found) == len({row["who"] for row in found}), "each once"
    return {row["who"]: row["events"] for row in found}


def shown_pages(client: Client, day: datetime) -> list[tuple[int, int]]:
    query = "SELECT views, active_users FROM analytics.pages_per_day WHERE day = {day:Date}"
    return [(row["views"], row["active_users"]) for row in rows(client, query, day=day.date())]


def of_bob_and_anns_phone(day: datetime) -> list[tuple[Any, ...]]:
    return [
        ("ann", at(day, 10, 20), at(day, 10, 30), 2, "/phone", "/film"),
        ("bob", at(day, 12), at(day, 12), 1, "/work", "/work"),
    ]


def run(*arguments: str) -> None:
    assert main(["erase", *arguments, "--yes"]) == 0


def test_what_a_browser_did_is_taken_from_the_signed_in_people_too(client: Client) -> None:
    land(client, *evening(NEW), *evening(OLD))
    settle(client)
    assert shown_activity(client, OLD) == {"a": 1, "ann": 4, "bob": 2}
    run("--anonymous-id", "a")
    for _ in range(2):
        assert shown_sessions(client) == sorted([*of_bob_and_anns_phone(NEW), *of_bob_and_anns_phone(OLD)])
        for day in (NEW, OLD):
            assert shown_activity(client, day) == {"ann": 2, "bob": 1}
            assert shown_pages(client, day) == [(3, 2)]
        refresh(client)
    assert count(client, "ugc.sessions", "entry_page IN ('/a', '/home', '/bob') OR exit_page = '/secret'") == 0


def test_what_a_user_did_is_not_taken_from_the_browser(client: Client) -> None:
    land(client, *evening(NEW), *evening(OLD))
    settle(client)
    others = [session for session in shown_sessions(client) if session[0] != "ann"]
    run("--user-id", "ann")
    assert shown_sessions(client) == others
    for day in (NEW, OLD):
        assert shown_activity(client, day) == {"a": 1, "bob": 2}
        assert shown_pages(client, day) == [(3, 2)]
    assert count(client, "ugc.sessions", "identity = 'ann'") == 0
    assert count(client, "ugc.activity_per_day", "identity_hash = cityHash64('ann')") == 0


@pytest.mark.parametrize("day", [NEW, OLD])
def test_a_day_that_goes_in_part_is_counted_and_cut_anew(client: Client, day: datetime) -> None:
    land(client, *evening(day), *evening(day - timedelta(days=5)))
    settle(client)
    bob = [session for session in shown_sessions(client) if session[0] == "bob"]
    run("--user-id", "ann", "--anonymous-id", "a", "--before", at(day, 10, 15).isoformat())
    left = of_bob_and_anns_phone(day)[0]
    assert shown_sessions(client) == sorted([left, *bob[2:], of_bob_and_anns_phone(day - timedelta(days=5))[1]])
    assert shown_activity(client, day) == {"ann": 2, "bob": 2}
    assert shown_activity(client, day - timedelta(days=5)) == {"bob": 1}
    assert shown_pages(client, day) == [(4, 2)]


def test_a_session_over_midnight_begins_where_what_is_left_begins(client: Client) -> None:
    land(
        client,
        did(at(NEW, 23, 50), "ann", "a", "/gone"),
        did(at(NEW, 24, 10), "ann", "phone", "/left"),
        did(at(NEW, 24, 20), "ann", "a", "/gone"),
        did(at(NEW, 24, 45), "ann", "phone", "/later"),
    )
    settle(client)
    run("--anonymous-id", "a")
    assert shown_sessions(client) == [
        ("ann", at(NEW, 24, 10), at(NEW, 24, 10), 1, "/left", "/left"),
        ("ann", at(NEW, 24, 45), at(NEW, 24, 45), 1, "/later", "/later"),
    ]


def test_a_browser_with_the_id_of_an_erased_user_keeps_its_numbers(client: Client) -> None:
    for day in (NEW, OLD):
        land(client, did(at(day, 9), "", "x", "/browser"), did(at(day, 9, 10), "x", "", "/user"))
    alone = OLD - timedelta(days=5)
    land(client, did(at(alone, 9), "", "x", "/browser"))
    settle(client)
    assert shown_activity(client, OLD) == {"x": 2}
    run("--user-id", "x")
    for day in (NEW, OLD, alone):
        assert shown_activity(client, day) == {"x": 1}
    assert [session[3:] for session in shown_sessions(client)] == [(1, "/browser", "/browser")] * 3


def test_what_was_counted_after_the_plan_goes_too(client: Client) -> None:
    land(client, did(at(OLD, 9), "ann", "a"))
    request = erase.Request(users=("ann",))
    parts = erase.plan(client, request)
    settle(client)
    erase.erase(client, request, parts)
    assert shown_activity(client, OLD) == {}
    assert shown_sessions(client) == []
    assert count(client, "ugc.sessions", "identity = 'ann'") == 0


@pytest.fixture
def kept(client: Client) -> Iterator[None]:
    """Rows whose time is over stay until `leave`."""
    execute(client, "SYSTEM STOP TTL MERGES")
    yield
    execute(client, "SYSTEM START TTL MERGES")


def leave(client: Client, table: str) -> None:
    execute(client, "SYSTEM START TTL MERGES")
    execute(client, f"OPTIMIZE TABLE {table} FINAL")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("why", ["their time was over", "the term was shorter"])
def test_where_landed_rows_have_left_the_typed_ones_are_counted_and_cut(client: Client, why: str) -> None:
    day = TODAY - timedelta(days=100) if why == "their time was over" else OLD
    land(client, *evening(day), did(at(NEW, 9), "bob", "work", "/bob"))
    # one row of the day is received late enough to be left
    late = did(at(day, 12, 10), "ann", "phone", "/late", received_at=at(day, 24 * 15).timestamp())
    land(client, late)
    settle(client)
    assert shown_activity(client, day) == {"a": 1, "ann": 5, "bob": 2}
    leave(client, "ugc.events")
    if why == "the term was shorter":
        execute(client, f"DELETE FROM ugc.events WHERE received_at < '{at(day, 24 * 10):%Y-%m-%d}'")
    assert count(client, "ugc.events FINAL") == 2
    run("--anonymous-id", "a")
    assert shown_activity(client, day) == {"ann": 3, "bob": 1}
    assert shown_sessions(client) == sorted(
        [
            *of_bob_and_anns_phone(day),
            ("ann", at(day, 12, 10), at(day, 12, 10), 1, "/late", "/late"),
            ("bob", at(NEW, 9), at(NEW, 9), 1, "/bob", "/bob"),
        ]
    )
    assert shown_pages(client, day) == [(4, 2)]


@pytest.mark.usefixtures("kept")
def test_days_whose_rows_begin_to_leave_keep_their_counts_and_lose_sessions(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = TODAY - timedelta(days=765)  # 25 months are 762 days or less
    land(
        client,
        *evening(edge),
        did(at(edge, 13), "ann", "a", "/late", received_at=at(edge, 24 * 20).timestamp()),
        did(at(NEW, 9), "ann", "a", "/new"),
    )
    settle(client)
    leave(client, "ugc.page_views")
    leave(client, "ugc.events")
    assert count(client, "ugc.page_views FINAL") == 2
    run("--anonymous-id", "a")
    assert f"note: 1 days, the last {edge:%Y-%m-%d}, keep their numbers in rollups" in capsys.readouterr().out
    assert shown_pages(client, edge) == [(8, 3)]
    assert shown_activity(client, edge) == {"ann": 5, "bob": 2}, "but for the browser itself"
    assert count(client, "ugc.sessions", "identity = 'a' OR exit_page IN ('/film', '/late')") == 0
    assert shown_activity(client, NEW) == {}


@pytest.mark.usefixtures("kept")
def test_a_day_counts_as_whole_only_while_no_row_of_it_can_have_left(client: Client) -> None:
    land(client, *(did(TODAY - timedelta(days=days), "ann", "") for days in (0, 900)))
    ages = (0, 80, 86, 89, 90, 700, 750, 762, 900)
    days = {(TODAY - timedelta(days=age)).date() for age in ages}
    reach = Reach(client)
    landed = {(TODAY.date() - day).days for day in reach.landed(days)}
    typed = {(TODAY.date() - day).days for day in reach.typed(days)}
    # received a day before at the earliest, and a day for the run: of 90 days, and 25 months, which are 758 to 762
    assert (landed, typed) == ({0, 80, 86}, {0, 80, 86, 89, 90, 700, 750})


def test_an_interrupted_run_is_ended_by_another(client: Client) -> None:
    land(client, *evening(OLD))
    settle(client)
    view = one(client, "SELECT create_table_query AS ddl FROM system.tables WHERE name = 'sessions_of_days'")["ddl"]
    execute(client, "DROP VIEW ugc.sessions_of_days")
    request = erase.Request(anonymous=("a",))
    with pytest.raises(OperationError, match=r"ugc\.sessions_of_days"):
        erase.erase(client, request, erase.plan(client, request))
    execute(client, view)
    run("--anonymous-id", "a")
    assert shown_sessions(client) == of_bob_and_anns_phone(OLD)
    assert shown_activity(client, OLD) == {"ann": 2, "bob": 1}
    assert count(client, "ugc.events") == count(client, "ugc.events", "NOT is_bot") == 3


def test_a_refresh_that_runs_is_waited_for(client: Client) -> None:
    execute(client, "CREATE TABLE ugc.slow (n UInt8) ENGINE = MergeTree ORDER BY n")
    slow = "SELECT sleepEachRow(0.5) AS n FROM numbers(3) SETTINGS max_block_size = 1"
    execute(client, f"CREATE MATERIALIZED VIEW ugc.slow_mv REFRESH EVERY 1 YEAR APPEND TO ugc.slow AS {slow}")
    try:
        query = "SELECT status FROM system.view_refreshes WHERE view = 'slow_mv'"
        wait_until(lambda: one(client, query)["status"] == "Running", "the refresh")
        refreshes.wait(client)
        assert count(client, "ugc.slow") == 3
    finally:
        execute(client, "DROP VIEW ugc.slow_mv")
        execute(client, "DROP TABLE ugc.slow")


def test_sessions_go_on_from_the_time_before_which_everything_goes(client: Client) -> None:
    land(client, *evening(NEW))
    settle(client)
    execute(client, "INSERT INTO ugc.sessions (day, refreshed_at) SELECT today() - 20, now64(3, 'UTC') - 60")
    run("--before", at(NEW, 10, 15).isoformat())
    bob = ("bob", at(NEW, 11), at(NEW, 11), 1, "/bob", "/bob")
    assert shown_sessions(client) == [of_bob_and_anns_phone(NEW)[0], bob, of_bob_and_anns_phone(NEW)[1]]
    assert count(client, "ugc.sessions", "day = today() - 20") == 1, "which says that the day is empty"
