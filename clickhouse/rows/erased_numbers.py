"""What `erase` does about numbers: whatever was made from deleted rows is made again from those that stay.

The rows that go are marked as bots first, which are in no count, and deleted last: as long as they are there they tell
which days and whose numbers are still to be made right, so that an interrupted run can be run again.

A day is made again only from a table that certainly has all of its rows: the landing table, else the typed ones. What
is older stays as it is when it is only counts, and goes when it is a session, which has page addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clickhouse.connection.client import execute
from clickhouse.rows import counting
from clickhouse.rows.counting import CUT_EVENTS_AT_ONCE, DAY, portions, texts, weighed
from clickhouse.rows.reach import Reach
from clickhouse.schema import refreshes

if TYPE_CHECKING:
    from datetime import date

    from clickhouse_connect.driver.client import Client

    Pair = tuple[str, date]  # an identity, and a day on which it loses rows

_ACTIVITY = "ugc.activity_per_day"
_PAIRS_AT_ONCE = 1000
# Of one person on a day, among the others of its newest count; a day that was never counted has none to be among.
_FORGET_ACTIVITY = """
ALTER TABLE ugc.activity_per_day
DELETE WHERE has(
    arrayMap(pair -> (cityHash64(pair.1), pair.2), {pairs:Array(Tuple(String, Date))}), (identity_hash, day)
)
SETTINGS mutations_sync = 2
"""
_NEWEST = "SELECT day, max((refreshed_at, seen_at)) AS newest FROM {table} GROUP BY day"
_COUNT_ACTIVITY = """
INSERT INTO ugc.activity_per_day (day, identity_hash, events, signed_in, first_received_at, refreshed_at, seen_at)
SELECT
    found.day,
    found.identity_hash,
    found.events,
    found.signed_in,
    found.first_received_at,
    counted.newest.1,
    counted.newest.2
FROM {source} AS found
INNER JOIN ({newest}) AS counted ON counted.day = found.day
WHERE found.day IN {{days:Array(Date)}}
    AND (found.identity_hash, found.day) IN
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
_CUT = """
INSERT INTO ugc.sessions
    (day, identity, started_at, ended_at, events, page_views, entry_page, exit_page, refreshed_at, seen_at)
SELECT
    found.day,
    found.identity,
    found.started_at,
    found.ended_at,
    found.events,
    found.page_views,
    found.entry_page,
    found.exit_page,
    cut.newest.1,
    cut.newest.2
FROM ugc.sessions_of_days(days = {{days:Array(Date)}}, tables = {{tables:String}}) AS found
INNER JOIN ({newest}) AS cut ON cut.day = found.day
{where}
"""
_OF_THESE = """
WHERE cityHash64(found.identity) IN (SELECT cityHash64(arrayJoin({identities:Array(String)})))
    AND found.identity IN {identities:Array(String)}
"""


def correct(client: Client, pairs: set[Pair]) -> list[str]:
    """Make these days of these people right in every rollup; what the operator has to know about days left alone."""
    days = {day for _, day in pairs}
    reach = Reach(client)
    landed, typed = reach.landed(days), reach.typed(days)
    where = around(reach, days)
    for rollup in counting.rollups(client):
        if rollup != _ACTIVITY:
            counting.count(client, rollup, typed, forget=True)
    _count_people(client, f"{_ACTIVITY}_live", {pair for pair in pairs if pair[1] in landed}, "")
    from_typed = {pair for pair in pairs if pair[1] in typed - landed}
    _count_people(client, f"{_ACTIVITY}_typed(tables = {{tables:String}})", from_typed, reach.typed_tables)
    _forget_sessions(client, pairs)
    # a refresh that ran meanwhile may have lost rows to that; when it is over, its time is the day's newest
    refreshes.wait(client)
    cut(client, where, {identity for identity, _ in pairs})
    left_alone = days - typed - landed
    if not left_alone:
        return []
    note = (
        f"{len(left_alone)} days, the last {max(left_alone)}, keep their numbers in rollups: their rows have left, or "
        "begin to, and cannot be counted again. Those numbers name nobody"
    )
    return [note]


def around(reach: Reach, days: set[date]) -> dict[str, set[date]]:
    """The days whose sessions may touch these days, by the tables to cut them from: '' for the landing table."""
    touched = {day + number * DAY for day in days for number in (-1, 0, 1)}
    needed = touched | {day - DAY for day in touched}
    landed, typed = reach.landed(needed), reach.typed(needed)
    # where the sessions of a day begin is seen from the day before
    from_landing = {day for day in touched if {day, day - DAY} <= landed}
    from_typed = {day for day in touched if {day, day - DAY} <= typed}
    return {"": from_landing, reach.typed_tables: from_typed - from_landing}


def cut(client: Client, where: dict[str, set[date]], identities: set[str] | None = None) -> None:
    """Cut sessions again (days by tables, as `around` gives them); everybody's when no identities are given."""
    statement = _CUT.format(
        newest=_NEWEST.format(table=counting.SESSIONS), where="" if identities is None else _OF_THESE
    )
    for tables, days in where.items():
        for batch in portions(client, days, CUT_EVENTS_AT_ONCE):
            execute(client, statement, days=texts(batch), tables=tables, identities=sorted(identities or ()))


def _count_people(client: Client, source: str, pairs: set[Pair], tables: str) -> None:
    """Count the activity of these people on these days, and leave everybody else's as it is."""
    statement = _COUNT_ACTIVITY.format(source=source, newest=_NEWEST.format(table=_ACTIVITY))
    for batch in weighed(sorted(pairs), lambda _: 1, _PAIRS_AT_ONCE):
        given = [(identity, day.isoformat()) for identity, day in batch]
        execute(client, _FORGET_ACTIVITY, pairs=given)
        execute(client, statement, pairs=given, days=texts({day for _, day in batch}), tables=tables)


def _forget_sessions(client: Client, pairs: set[Pair]) -> None:
    for batch in weighed(sorted(pairs), lambda _: 1, _PAIRS_AT_ONCE):
        given = [(identity, day.isoformat()) for identity, day in batch]
        execute(client, _FORGET_SESSIONS, pairs=given, identities=sorted({identity for identity, _ in batch}))
