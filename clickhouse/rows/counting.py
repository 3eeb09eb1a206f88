"""Counting and cutting days again by hand, with the views that refreshes use: how a day is counted stands in SQL only.

A count is written in one block, so that readers see all of it or nothing. The row that only marks a day as counted is a
millisecond older than the others, as with a refresh.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from clickhouse.connection.client import execute, rows
from clickhouse.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from clickhouse_connect.driver.client import Client

T = TypeVar("T")
DAY = timedelta(days=1)
SESSIONS = "ugc.sessions"
EVENTS_AT_ONCE, CUT_EVENTS_AT_ONCE = 10_000_000, 3_000_000
"""As refreshes do: so many events are counted, and sorted, within a bound of memory."""
# days whose events are in typed tables only are not counted as many
DAYS_AT_ONCE = 31
_ONE_BLOCK = "SETTINGS min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0, max_insert_threads = 1"
_COUNT = """
INSERT INTO {table} ({columns}, refreshed_at, seen_at)
SELECT {columns}, {{at:DateTime64(3, 'UTC')}}, {{at:DateTime64(3, 'UTC')}}
FROM {source}
WHERE day IN {{days:Array(Date)}}
"""
_MARK = """
INSERT INTO {table} (day, refreshed_at, seen_at)
SELECT
    arrayJoin({{days:Array(Date)}}),
    {{at:DateTime64(3, 'UTC')}} - INTERVAL 1 MILLISECOND,
    {{at:DateTime64(3, 'UTC')}}
"""
_FORGET = """
ALTER TABLE {table}
DELETE WHERE day IN {{days:Array(Date)}} AND refreshed_at < {{at:DateTime64(3, 'UTC')}} - INTERVAL 1 MILLISECOND
SETTINGS mutations_sync = 2
"""
_ROLLUPS = """
SELECT
    'ugc.' || t.name AS rollup,
    live.as_select AS text
FROM system.tables AS t
INNER JOIN system.tables AS live ON live.database = t.database AND live.name = t.name || '_live'
WHERE t.database = 'ugc' AND t.name LIKE '%\\_per\\_day'
ORDER BY rollup
"""


def rollups(client: Client) -> list[str]:
    """Tables X beside a view X_live, which says how their days are counted."""
    return [row["rollup"] for row in rows(client, _ROLLUPS)]


def rollups_from(client: Client, source: str) -> list[str]:
    """Those of them that are counted from this table."""
    found = rows(client, _ROLLUPS)
    return [row["rollup"] for row in found if f"{source} " in row["text"].replace("\n", " ")]


def count(client: Client, table: str, days: Iterable[date], *, forget: bool = False) -> None:
    """Count these days of a rollup again; with `forget`, older counts are deleted and not only passed over."""
    source = f"{table}_live"
    for some in portions(client, days, EVENTS_AT_ONCE):
        _write(client, table, source, some, forget=forget)


def cut(client: Client, days: Iterable[date]) -> None:
    """Cut everybody's sessions of these days again, from the landing table."""
    source = "ugc.sessions_of_days(days = {days:Array(Date)}, tables = '')"
    for some in portions(client, days, CUT_EVENTS_AT_ONCE):
        _write(client, SESSIONS, source, some, forget=False)


def _write(client: Client, table: str, source: str, days: list[date], *, forget: bool) -> None:
    # before anything is read: what is written from now on makes the days wait
    (now,) = rows(client, "SELECT toString(now64(3, 'UTC')) AS at")
    given: dict[str, Any] = {"days": texts(days), "at": now["at"]}
    names = [name for name in catalog.columns(client, table) if name not in {"refreshed_at", "seen_at"}]
    execute(client, f"{_COUNT.format(table=table, columns=', '.join(names), source=source)} {_ONE_BLOCK}", **given)
    execute(client, _MARK.format(table=table), **given)
    if forget:
        execute(client, _FORGET.format(table=table), **given)


def portions(client: Client, days: Iterable[date], events_at_once: int) -> Iterator[list[date]]:
    """The days in order, as many at a time as have so many events in the landing table together; one at least."""
    query = "SELECT day, events FROM ugc.days_written WHERE day IN {days:Array(Date)}"
    events = {row["day"]: row["events"] for row in rows(client, query, days=texts(days))}
    # each day has a weight of its own, so that not too many are counted at once, however few their events are
    least = -(-events_at_once // DAYS_AT_ONCE)
    return weighed(sorted(days), lambda day: max(events.get(day, 0), least), events_at_once)


def weighed(items: Iterable[T], weight: Callable[[T], int], at_once: int) -> Iterator[list[T]]:
    """The items in their order, a portion ending with the one with which it reaches the weight `at_once`."""
    portion: list[T] = []
    total = 0
    for item in items:
        portion.append(item)
        total += weight(item)
        if total >= at_once:
            yield portion
            portion, total = [], 0
    if portion:
        yield portion


def texts(days: Iterable[date]) -> list[str]:
    """Days as the server reads them."""
    return [day.isoformat() for day in sorted(days)]
