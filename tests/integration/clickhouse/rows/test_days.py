"""Days to count again: every day with new rows, no other, and never from a part of what it was counted from."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import execute, rows
from clickhouse.schema import catalog, definitions, retention
from tests.integration.clickhouse.conftest import COUNTED, count, land, one, refresh
from tests.integration.clickhouse.made_events import refused
from tests.integration.clickhouse.rows.deeds import TODAY, days_ago, deeds, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

pytestmark = pytest.mark.usefixtures("emptied")

DAILY = {
    "daily_active_users": "sum(active_users)",
    "activity_per_day": "count()",
    "pages_per_day": "sum(views)",
    "films_per_day": "sum(completions)",
    "searches_per_day": "sum(searches)",
    "top_films": "sum(active_users)",
    "sessions": "count()",
}
WAITING = ("activity_days", "pages_days", "films_days", "searches_days", "sessions_days")
COMMITTED = (
    "SELECT table, count() AS parts FROM system.parts WHERE database = 'ugc' AND table IN {tables:Array(String)}"
)


def shown(client: Client, day: datetime) -> dict[str, int]:
    """What each daily view has of a day: one number, of people or of what they did."""
    found = {}
    for view, number in DAILY.items():
        query = f"SELECT toUInt64({number}) AS n FROM analytics.{view} WHERE day = {{day:Date}}"
        found[view] = one(client, query, day=day.date())["n"]
    return found


def everywhere(number: int) -> dict[str, int]:
    return dict.fromkeys(DAILY, number)


def written(client: Client) -> dict[str, Any]:
    """What the counted tables hold, in which parts: anything that is written changes it."""
    query = (
        "SELECT name, rows FROM system.parts WHERE database = 'ugc' AND table = {table:String} AND active ORDER BY name"
    )
    return {table: rows(client, query, table=table) for table in COUNTED}


def waits(client: Client, name: str) -> set[Any]:
    """Days with something that the newest count did not see."""
    return {row["day"] for row in rows(client, f"SELECT day FROM ugc.{name} WHERE written_at > last_seen_at")}


# which days are counted


def test_todays_sessions_stay_when_nothing_comes_between_two_refreshes(client: Client) -> None:
    land(client, *(event("click", f"u{number}", days_ago(0.5)) for number in range(7)))
    for _ in range(3):
        refresh(client)
        assert count(client, "analytics.sessions") == 7


def test_an_event_of_45_days_ago_that_errors_replay_brings_is_in_every_daily_view(client: Client) -> None:
    old = days_ago(45)
    land(client, *deeds("ann", days_ago(2)), *deeds("ann", old))
    refresh(client)
    assert shown(client, old) == everywhere(1)
    for each in deeds("bob", old):
        line = {**each, **{name: int(each[name] * 1000) for name in ("key_time", "occurred_at", "received_at")}}
        refused(client, msgspec.json.encode(line).decode())
    assert main(["errors", "replay"]) == 0
    refresh(client)
    assert shown(client, old) == everywhere(2)
    assert count(client, "analytics.late_days") == 0


def test_a_refresh_with_nothing_new_writes_nothing(client: Client) -> None:
    land(client, *deeds("ann", days_ago(2)), *deeds("ann", days_ago(40)))
    refresh(client)
    before = written(client)
    assert all(before.values())
    refresh(client)
    assert written(client) == before
    assert not any(waits(client, name) for name in WAITING)


def test_late_events_on_nine_days_cost_those_days_and_readers_nothing(client: Client) -> None:
    land(client, *(each for ago in range(3, 60) for who in ("ann", "bob") for each in deeds(who, days_ago(ago))))
    refresh(client)
    views = [*DAILY, "stickiness", "monthly_active_users"]
    cost = {view: rows_read(client, view) for view in views}
    counts = {table: newest(client, table) for table in COUNTED}
    late = [days_ago(ago) for ago in range(5, 50, 5)]
    for day in late:
        land(client, *deeds("cleo", day))
    assert {view: rows_read(client, view) for view in views} == cost, "while they wait"
    refresh(client)
    for table in COUNTED:
        counted = {day for day, at in newest(client, table).items() if at != counts[table].get(day)}
        around = {(day + timedelta(days=days)).date() for day in late for days in (-1, 0, 1)}
        assert counted == (around if table == "sessions" else {day.date() for day in late}), table
    assert shown(client, late[0]) == everywhere(3)
    assert shown(client, days_ago(6)) == everywhere(2)


def rows_read(client: Client, view: str) -> int:
    """How many rows a view's query reads. Seen with FINAL: one answer in ten counts a part too few, none too many."""
    return max(int(client.query(f"SELECT * FROM analytics.{view}").summary["read_rows"]) for _ in range(6))


def newest(client: Client, table: str) -> dict[Any, Any]:
    found = rows(client, f"SELECT day, max(refreshed_at) AS at FROM ugc.{table} GROUP BY day")
    return {row["day"]: row["at"] for row in found}


def test_a_count_that_came_soon_after_a_write_is_done_once_more_after_ten_minutes(client: Client) -> None:
    """An insert that was under way then may have written with an earlier time."""
    now = one(client, "SELECT toUnixTimestamp64Milli(now64(3)) / 1000 AS now")["now"]
    sent = [{**each, "received_at": now, "inserted_at": now - 720} for each in deeds("ann", days_ago(2))]
    land(client, *sent)
    for table in COUNTED:  # counted eleven minutes ago, when only one event could be seen, which was a minute old
        mark = f"INSERT INTO ugc.{table} (day, refreshed_at, seen_at) SELECT arrayJoin({{days:Array(Date)}})"
        days = [days_ago(ago).date().isoformat() for ago in (3, 2, 1)]
        given = {"days": days, "at": now - 660, "seen": now - 720}
        execute(client, f"{mark}, toDateTime64({{at:Float64}}, 3), toDateTime64({{seen:Float64}}, 3)", **given)
    assert shown(client, days_ago(2)) == everywhere(0)
    assert not any(waits(client, name) for name in WAITING)
    refresh(client)
    assert shown(client, days_ago(2)) == everywhere(1)
    before = written(client)
    refresh(client)
    assert written(client) == before, "now it was counted ten minutes after the write"


def test_a_refresh_writes_a_day_in_one_piece(client: Client) -> None:
    """A crash between two parts would leave a fragment of the day."""
    execute(
        client,
        "INSERT INTO ugc.events (event_type, event_id, key_time, occurred_at, received_at, identity) "
        "SELECT 'click', generateUUIDv4(), at, at, at, toString(number) "
        "FROM (SELECT number, toDateTime64(today() - 40 + number % 2, 3, 'UTC') AS at FROM numbers(300000))",
    )
    refresh(client, "activity_per_day", "sessions")
    for table in ("activity_per_day", "sessions"):
        query = (
            "SELECT day, uniqExact(_part) AS parts, uniqExact(refreshed_at) AS times, count() AS n "
            f"FROM ugc.{table} WHERE day IN (today() - 39, today() - 40) GROUP BY day"
        )
        found = rows(client, query)
        # the row that only marks the day is a millisecond older
        assert [(row["parts"], row["times"], row["n"]) for row in found] == [(1, 2, 150_001)] * 2, table


def test_refreshable_views_work_when_they_were_attached_again(client: Client) -> None:
    land(client, *deeds("ann", days_ago(4)))
    for table in COUNTED:
        execute(client, f"DETACH TABLE ugc.{table}_mv SYNC")
        execute(client, f"ATTACH TABLE ugc.{table}_mv")
    refresh(client)
    assert shown(client, days_ago(4)) == everywhere(1)


# times from the future


def test_a_count_that_claims_to_be_of_tomorrow_hides_nothing(client: Client) -> None:
    day = days_ago(3)
    land(client, *deeds("ann", day))
    refresh(client)
    for table in COUNTED:
        execute(
            client,
            f"INSERT INTO ugc.{table} (day, refreshed_at, seen_at) "
            "SELECT today() - arrayJoin(range(7)), now64(3) + INTERVAL 1 DAY, now64(3) + INTERVAL 1 DAY",
        )
    assert shown(client, day) == everywhere(1)
    land(client, *deeds("bob", day), *deeds("bob", days_ago(0.5)))
    refresh(client)
    assert shown(client, day) == everywhere(2)
    assert shown(client, days_ago(0.5)) == everywhere(1)


def test_a_day_that_was_written_tomorrow_is_counted_and_does_not_keep_refreshes_busy(client: Client) -> None:
    tomorrow = (TODAY + timedelta(days=1)).timestamp()
    land(client, *({**each, "inserted_at": tomorrow} for each in deeds("ann", days_ago(3))))
    refresh(client)
    assert shown(client, days_ago(3)) == everywhere(1)
    before = written(client)
    refresh(client)
    assert written(client) == before


# copies that disagree


def copies(moved_days: int) -> list[dict[str, Any]]:
    """The same deeds, received first on one day, and by a corrected clock again on another."""
    first = deeds("ann", days_ago(10))
    moved = moved_days * 86400
    again = [
        {**each, "occurred_at": each["occurred_at"] + moved, "received_at": each["received_at"] + 90} for each in first
    ]
    return [*first, *again]


@pytest.mark.parametrize("moved_days", [2, -2])
@pytest.mark.parametrize("merged", ["merged", "not merged"])
@pytest.mark.parametrize("counted", ["counted between", "not counted between"])
@pytest.mark.parametrize("first_comes", ["first", "last"])
def test_an_event_that_a_retry_moves_is_counted_once_on_the_day_of_the_copy_that_was_received_first(
    client: Client, first_comes: str, counted: str, merged: str, moved_days: int
) -> None:
    sent = copies(moved_days)
    halves = [sent[:4], sent[4:]]
    for half in halves if first_comes == "first" else reversed(halves):
        land(client, *half)
        if counted == "counted between":
            refresh(client)
    if merged == "merged":
        for table in ("events", *(each.table.removeprefix("ugc.") for each in catalog.on_server(client).values())):
            execute(client, f"OPTIMIZE TABLE ugc.{table} FINAL")
    refresh(client)
    assert shown(client, days_ago(10)) == everywhere(1)
    assert shown(client, days_ago(10 - moved_days)) == everywhere(0)
    assert count(client, "analytics.late_days") == 0


def test_the_copy_that_was_received_first_is_shown_in_whatever_order_copies_come(client: Client) -> None:
    sent = [
        {**event("click", "ann", days_ago(5), label=str(number)), "received_at": days_ago(5).timestamp() + number}
        for number in range(3)
    ]
    for number, order in enumerate(itertools.permutations(sent)):
        event_id = f"00000000-0000-0000-0000-00000000000{number}"
        for each in order:
            land(client, {**each, "event_id": event_id})
    for when in ("before", "after"):
        for table in ("events", "clicks"):
            received = {row["received_at"] for row in rows(client, f"SELECT received_at FROM analytics.{table}")}
            assert received == {days_ago(5)}, (table, when)
            assert count(client, f"analytics.{table}") == 6
        assert {row["label"] for row in rows(client, "SELECT label FROM analytics.clicks")} == {"0"}
        execute(client, "OPTIMIZE TABLE ugc.events FINAL")
        execute(client, "OPTIMIZE TABLE ugc.clicks FINAL")
    assert main(["rebuild", "clicks"]) == 0
    assert {row["label"] for row in rows(client, "SELECT label FROM analytics.clicks")} == {"0"}


# rows that have left


@pytest.fixture
def kept_37_days(client: Client, settings: Settings) -> Iterator[None]:
    """To be called for when everything was counted."""
    yield
    retention.follow(client, settings)


def keep(client: Client, settings: Settings, days: int) -> None:
    terms = msgspec.structs.replace(settings.retention, payload_days=days)
    retention.follow(client, msgspec.structs.replace(settings, retention=terms))


def leave(client: Client) -> None:
    execute(client, "OPTIMIZE TABLE ugc.events FINAL")


@pytest.mark.usefixtures("kept_37_days")
@pytest.mark.parametrize("now", ["the term is short", "the term is long again"])
def test_what_is_left_of_a_day_does_not_replace_what_was_counted_and_the_late_event_is_told(
    client: Client, settings: Settings, now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = days_ago(45)
    land(client, *(event("click", f"u{number}", old) for number in range(204)), *deeds("ann", days_ago(3)))
    refresh(client)
    keep(client, settings, 37)
    leave(client)
    assert count(client, "ugc.events") == 4
    if now == "the term is long again":
        keep(client, settings, 90)
    land(client, event("click", "late", old))
    for _ in range(2):
        refresh(client)
        assert shown(client, old)["sessions"] == shown(client, old)["daily_active_users"] == 204
        told = one(client, "SELECT * FROM analytics.late_days")
        assert (told["day"], told["late_events"]) == (old.date(), 1)
        leave(client)  # by its time the late one goes, too
    assert main(["status"]) == 0
    assert "1 days lack events that came too late" in capsys.readouterr().out
    assert main(["recount", "--from", f"{old:%Y-%m-%d}", "--to", f"{old:%Y-%m-%d}"]) == 1
    assert f"{old:%Y-%m-%d}" in capsys.readouterr().err
    assert shown(client, old)["sessions"] == 204


def test_a_day_of_which_a_part_was_erased_by_its_time_keeps_its_numbers(client: Client) -> None:
    day = days_ago(6)
    land(client, *deeds("ann", day), *deeds("bob", day + timedelta(hours=2)), *deeds("bob", days_ago(5)))
    refresh(client)
    assert main(["erase", "--before", (day + timedelta(hours=1)).isoformat(), "--yes"]) == 0
    land(client, *deeds("cleo", day + timedelta(hours=3)), *deeds("cleo", days_ago(5)))
    refresh(client)
    assert shown(client, day) == {**everywhere(2), "sessions": 1}, "bob's session is left, and cleo is not counted"
    assert shown(client, days_ago(5)) == everywhere(2), "the next day has all of its rows"
    assert [row["day"] for row in rows(client, "SELECT day FROM analytics.late_days")] == [day.date()]


def test_days_that_were_never_counted_are_counted_though_earlier_ones_have_left(client: Client) -> None:
    land(client, *deeds("ann", days_ago(50)))
    refresh(client)
    execute(client, "TRUNCATE TABLE ugc.events")
    for who in ("bob", "cleo"):
        land(client, *deeds(who, days_ago(4)))
        refresh(client)
    assert shown(client, days_ago(4)) == everywhere(2)


def test_a_typed_table_that_lost_rows_does_not_make_the_numbers_of_a_day_smaller(client: Client) -> None:
    day = days_ago(6)
    land(client, *(each for who in ("ann", "bob") for each in deeds(who, day)))
    refresh(client)
    for table in ("page_views", "page_leaves", "video_completions", "search_filters"):
        execute(client, f"TRUNCATE TABLE ugc.{table}")
    land(client, *deeds("cleo", day))
    refresh(client)
    found = shown(client, day)
    assert (found["daily_active_users"], found["sessions"]) == (3, 3), "counted from the landing table"
    assert (found["pages_per_day"], found["films_per_day"], found["searches_per_day"]) == (2, 2, 2)
    for table in ("page_views", "page_leaves", "video_completions", "search_filters"):
        assert main(["rebuild", table]) == 0
    assert shown(client, day) == everywhere(3)


# by hand


def test_recount_counts_days_again_after_a_change_by_hand(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = days_ago(6), days_ago(5)
    land(client, *deeds("ann", first), *deeds("spam", first), *deeds("ann", second), *deeds("bob", days_ago(4)))
    refresh(client)
    for table in ("events", "page_views", "page_leaves", "video_completions", "search_filters"):
        execute(client, f"DELETE FROM ugc.{table} WHERE identity = 'spam'")
    days = ["--from", f"{first:%Y-%m-%d}", "--to", f"{second:%Y-%m-%d}"]
    before = newest(client, "pages_per_day")
    assert main(["recount", *days]) == 1
    assert f"{first:%Y-%m-%d} (8 events were counted, 4 are there)" in capsys.readouterr().err
    assert newest(client, "pages_per_day") == before
    assert main(["recount", *days, "--what-is-left"]) == 0
    assert "2 days were counted again" in capsys.readouterr().out
    assert shown(client, first) == shown(client, second) == everywhere(1)
    after = newest(client, "pages_per_day")
    assert after[days_ago(4).date()] == before[days_ago(4).date()], "it was not asked for"
    refresh(client)
    assert newest(client, "pages_per_day") == after


@pytest.mark.parametrize(
    ("first", "last", "code", "told"),
    [(100, 95, 1, "6 days from"), (89, 80, 1, "days from"), (1, 0, 2, "is not over"), (3, 4, 2, "is after")],
)
def test_recount_refuses_days_that_have_left_or_are_not_over(
    first: int, last: int, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--from", f"{days_ago(first):%Y-%m-%d}", "--to", f"{days_ago(last):%Y-%m-%d}"]
    assert main(["recount", *days]) == code
    assert told in capsys.readouterr().err


# texts that stand twice


def test_sessions_are_cut_by_the_same_text_for_refreshes_and_for_readers() -> None:
    views = {name: definitions.read({})[f"ugc.sessions_{name}"] for name in ("of_days", "waiting")}
    cutting = {
        name: re.search(r"people AS\s*\(.*?\bARRAY JOIN [^\n]*", text, re.DOTALL) for name, text in views.items()
    }
    made = {
        name: re.search(r"toDate\(started_at\) AS day,.*?AS exit_page", text, re.DOTALL) for name, text in views.items()
    }
    for found in (cutting, made):
        texts = {name: " ".join(match[0].split()) for name, match in found.items() if match}
        assert len(texts) == 2
        assert texts["of_days"] == texts["waiting"]


def test_days_wait_by_the_same_rule_in_every_rollup() -> None:
    schema = definitions.read({})
    rules = {
        name: schema[f"ugc.{name}_days"].partition("\nSELECT")[2].replace(f"ugc.{name}_", "ugc.")
        for name in ("activity", "pages", "films", "searches")
    }
    assert len(set(rules.values())) == 1
