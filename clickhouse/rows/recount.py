"""What `erase` does about numbers: what was made from rows that go is counted again from those that stay.

The rows that go are marked as bots first, which are in no count, and deleted last: as long as they are there they tell
which days and whose are still to be made right, so that an interrupted run can be run again.

A day is counted again only from a table that certainly has all its rows: the landing table, else the typed ones. What
is older stays as it is when it is only counts, and goes when it is a session, which has page addresses.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.schema import catalog, retention
from common.names import LANDING
from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clickhouse_connect.driver.client import Client

    Pair = tuple[str, date]  # an identity, and a day on which it loses rows

_DAY = timedelta(days=1)
_REFRESH_S = 900.0
_PROBE_INTERVAL_S = 0.1
_DAYS_AT_ONCE, _PAIRS_AT_ONCE = 31, 1000
# A row of a day was received a day before it at the earliest: clocks may be 24 hours ahead. One more, for the time that
# it takes. The month is added as the TTL adds it: a day is not the same one backwards.
_WHOLE = """
SELECT arrayJoin({days:Array(Date)}) AS day
WHERE addDays(addMonths(day - 1, {months:UInt32}), {term:UInt32}) > toDate(now('UTC')) + 1
"""
# One time for all rows of a day: readers take those of its newest count. The second only marks the day as counted.
_COUNT_DAYS = (
    """
    INSERT INTO {name}
    SELECT *, {{at:DateTime64(3, 'UTC')}} FROM {name}_live WHERE day IN {{days:Array(Date)}}
    """,
    """
    INSERT INTO {name} (day, refreshed_at)
    SELECT arrayJoin({{days:Array(Date)}}), {{at:DateTime64(3, 'UTC')}}
    """,
    """
    ALTER TABLE {name}
    DELETE WHERE day IN {{days:Array(Date)}} AND refreshed_at < {{at:DateTime64(3, 'UTC')}}
    SETTINGS mutations_sync = 2
    """,
)
# Of one person on a day, among the others of its newest count
_FORGET_ACTIVITY = """
ALTER TABLE ugc.activity_per_day
DELETE WHERE has(
    arrayMap(pair -> (cityHash64(pair.1), pair.2), {pairs:Array(Tuple(String, Date))}), (identity_hash, day)
)
SETTINGS mutations_sync = 2
"""
_COUNT_ACTIVITY = """
INSERT INTO ugc.activity_per_day
SELECT
    found.day,
    found.identity_hash,
    found.events,
    found.signed_in,
    counted.newest
FROM ({select}) AS found
LEFT JOIN (SELECT day, max(refreshed_at) AS newest FROM ugc.activity_per_day GROUP BY day) AS counted USING (day)
WHERE (found.identity_hash, found.day) IN
    (SELECT cityHash64(pair.1), pair.2 FROM (SELECT arrayJoin({{pairs:Array(Tuple(String, Date))}}) AS pair))
"""
_FORGET_SESSIONS = """
ALTER TABLE ugc.sessions
DELETE WHERE identity IN {identities:Array(String)}
    AND arrayExists(
        pair -> pair.1 = identity AND pair.2 BETWEEN day AND toDate(ended_at), {pairs:Array(Tuple(String, Date))}
    )
SETTINGS mutations_sync = 2
"""
# With the time of the day's newest cut, so that they stand among those of others, and no day looks cut that was not.
# An INNER JOIN: a day that was never cut is stale, and the next refresh cuts it.
_CUT = """
INSERT INTO ugc.sessions
SELECT found.*, cut.newest
FROM ({select}) AS found
INNER JOIN (SELECT day, max(refreshed_at) AS newest FROM ugc.sessions GROUP BY day) AS cut ON cut.day = found.day
WHERE {{everybody:Bool}} OR found.identity IN {{identities:Array(String)}}
"""


_ROLLUPS = """
SELECT 'ugc.' || table AS rollup, countIf(name = 'identity_hash') > 0 AS holds_people
FROM system.columns
WHERE database = 'ugc' AND table LIKE '%\\_per\\_day'
    AND table || '_live' IN (SELECT name FROM system.tables WHERE database = 'ugc' AND engine = 'View')
GROUP BY table
ORDER BY table
"""


def wait_for_refreshes(client: Client) -> None:
    """Until every refresh is over that runs now: one that began before writes what it read before."""
    running = _running(client)

    def over() -> bool:
        nonlocal running
        running = running and running & _running(client)
        return not running

    if not wait_until(over, _REFRESH_S, every_s=_PROBE_INTERVAL_S):
        names = ", ".join(sorted(running))
        raise OperationError(f"{names}: still being refreshed after {_REFRESH_S:g} s; run it again")


def _running(client: Client) -> set[str]:
    found = rows(client, "SELECT view FROM system.view_refreshes WHERE database = 'ugc' AND status LIKE 'Running%'")
    return {f"ugc.{row['view']}" for row in found}


class Reach:
    """How far back tables certainly have every row of a day, as it is when this is made."""

    def __init__(self, client: Client) -> None:
        self._client = client
        typed = catalog.on_server(client)
        self.typed_rows = _typed_rows(typed)
        self._tables = {False: [LANDING], True: sorted({each.table for each in typed.values()})}
        self._first = {typed: self._first_left(tables) for typed, tables in self._tables.items()}

    def whole(self, days: Iterable[date], *, typed: bool) -> set[date]:
        """Those of the days that the landing table has, or all typed tables have."""
        first = self._first[typed]
        left = {day for day in days if first is not None and day >= first}
        for term in {retention.term(self._client, table) for table in self._tables[typed]}:
            if term is None:
                continue
            given = {"days": _texts(left), "months": term[0], "term": term[1]}
            left &= {row["day"] for row in rows(self._client, _WHOLE, **given)}
        return left

    def _first_left(self, tables: list[str]) -> date | None:
        """The first day that is whole as far as the rows themselves tell; None when there are none.

        Terms do not tell what left while they were shorter, or was erased with `--before`. But when people were active
        before the oldest row, rows have left, and its day and the next are not certain.
        """
        oldest: list[date] = [
            row["day"]
            for table in tables
            for row in rows(self._client, f"SELECT toDate(minOrNull(received_at)) AS day FROM {table}")  # noqa: S608
            if row["day"] is not None
        ]
        (active,) = rows(self._client, "SELECT minOrNull(day) AS day FROM ugc.activity_per_day WHERE events > 0")
        if not oldest:
            return None
        if active["day"] is not None and active["day"] < min(oldest) - _DAY:
            return min(oldest) + 2 * _DAY
        return date(1970, 1, 1)


def recount(client: Client, pairs: set[Pair]) -> list[str]:
    """Make these days of these people right in every rollup; what the operator has to know about days left alone."""
    days = {day for _, day in pairs}
    reach = Reach(client)
    landed, typed = reach.whole(days, typed=False), reach.whole(days, typed=True)
    for rollup, holds_people in _rollups(client).items():
        _count_days(client, rollup, landed if holds_people else typed)
    _count_people(client, reach, {(identity, day) for identity, day in pairs if day in typed - landed})
    _forget_sessions(client, pairs)
    # a refresh that ran meanwhile may have lost rows to that; when it is over, its time is the day's newest
    wait_for_refreshes(client)
    cut(client, reach, days, {identity for identity, _ in pairs})
    left_alone = days - typed
    if not left_alone:
        return []
    note = (
        f"{len(left_alone)} days, the last {max(left_alone)}, keep their numbers in rollups: their rows have left, or "
        "begin to, and cannot be counted again. Those numbers name nobody"
    )
    return [note]


def cut(client: Client, reach: Reach, days: set[date], identities: set[str] | None = None) -> None:
    """Cut anew the sessions that may touch these days, and write those; everybody's when no identities are given."""
    around = {day + number * _DAY for day in days for number in (-1, 0, 1)}
    # where the sessions of a day begin is seen from the day before
    landed = {day + _DAY for day in reach.whole({day - _DAY for day in around}, typed=False)} & around
    typed = {day + _DAY for day in reach.whole({day - _DAY for day in around}, typed=True)} & around
    given = {"everybody": identities is None, "identities": sorted(identities or ())}
    for source, some in ((f"{LANDING} FINAL", landed), (reach.typed_rows, typed - landed)):
        sources = {"ugc.sessions_stale": "(SELECT arrayJoin({days:Array(Date)}) AS day)", "ugc.events FINAL": source}
        statement = _CUT.format(select=catalog.view_select(client, "sessions_live", sources))
        for batch in _batches(some, _DAYS_AT_ONCE):
            execute(client, statement, days=_texts(batch), **given)


def _count_days(client: Client, rollup: str, days: set[date]) -> None:
    """Count these days of a rollup anew; a day on which nothing is left becomes its marker row."""
    for batch in _batches(days, _DAYS_AT_ONCE):
        (now,) = rows(client, "SELECT toString(now64(3, 'UTC')) AS at")
        for statement in _COUNT_DAYS:
            execute(client, statement.format(name=rollup), days=_texts(batch), at=now["at"])


def _count_people(client: Client, reach: Reach, pairs: set[Pair]) -> None:
    """Count the activity of these people on these days from typed rows, and leave everybody else's as it is."""
    select = catalog.view_select(client, "activity_per_day_live", {"ugc.events FINAL": reach.typed_rows})
    for batch in _batches(pairs, _PAIRS_AT_ONCE):
        given = [(identity, day.isoformat()) for identity, day in batch]
        execute(client, _FORGET_ACTIVITY, pairs=given)
        execute(client, _COUNT_ACTIVITY.format(select=select), pairs=given)


def _forget_sessions(client: Client, pairs: set[Pair]) -> None:
    for batch in _batches(pairs, _PAIRS_AT_ONCE):
        given = [(identity, day.isoformat()) for identity, day in batch]
        execute(client, _FORGET_SESSIONS, pairs=given, identities=sorted({identity for identity, _ in batch}))


def _typed_rows(known: dict[str, catalog.Typed]) -> str:
    """All typed tables as one, with what counting and cutting read of the landing table."""
    names = "|".join(sorted({typed.table.removeprefix("ugc.") for typed in known.values()}))
    types = ", ".join(f"'{typed.table.removeprefix('ugc.')}', '{name}'" for name, typed in sorted(known.items()))
    return (
        f"(SELECT map({types})[_table] AS event_type, identity, user_id, occurred_at, page_url, is_bot "  # noqa: S608 - names of the server's own
        f"FROM merge('ugc', '^({names})$') FINAL)"
    )


def _rollups(client: Client) -> dict[str, bool]:
    """Rollups, and whether they hold people: tables X_per_day beside a view X_per_day_live."""
    return {row["rollup"]: bool(row["holds_people"]) for row in rows(client, _ROLLUPS)}


def _batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    ordered = sorted(items)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def _texts(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]
