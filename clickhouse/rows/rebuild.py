"""`rebuild TABLE`: a typed table written again from the landing table, while events keep coming in.

New rows replace the old ones: with the same key and the same version, the one written last holds. Nothing is deleted
first, so nothing is missing at any moment, rows that the landing table no longer has stay, and a second run changes
nothing that a reader sees. Until a merge the table takes up to twice its space.

Rows that the MV no longer gives, or gives under another key, are deleted at the end: nothing replaces them. Then the
rollups that are made from the table count its days again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.rows import recount
from clickhouse.schema import catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

_MONTHS = """
SELECT toYYYYMM(key_time) AS month, uniqExact(event_id) AS events
FROM ugc.events
WHERE event_type = {event_type:String}
GROUP BY month
ORDER BY month
"""
_DAYS = """
SELECT DISTINCT toDate(key_time) AS day
FROM ugc.events
WHERE event_type = {event_type:String} AND toYYYYMM(key_time) = {month:UInt32}
ORDER BY day
"""
_WRITTEN = """
SELECT DISTINCT toDate(occurred_at) AS day
FROM ugc.events
WHERE event_type = {event_type:String} AND toYYYYMM(key_time) = {month:UInt32}
"""
# Of events that landed on the day; of others the landing table has no row, and the typed row is all there is.
_OUTDATED = """
toDate(key_time) = {{day:Date}}
    AND event_id IN
        (SELECT event_id FROM ugc.events WHERE event_type = {{event_type:String}} AND toDate(key_time) = {{day:Date}})
    AND (identity, event_id) NOT IN (SELECT identity, event_id FROM ({select}) WHERE toDate(key_time) = {{day:Date}})
"""


class Rebuilt(Struct, frozen=True):
    """`events` were read; the table had `before` events and has `after` now; `deleted` rows were outdated."""

    events: int
    before: int
    after: int
    deleted: int


def find(client: Client, name: str) -> catalog.Typed:
    """The typed table of this name (with or without `ugc.`, or the event type); UsageError lists those there are."""
    known = catalog.on_server(client)
    for typed in known.values():
        if name in {typed.table, typed.table.removeprefix("ugc."), typed.event_type}:
            return typed
    for typed in catalog.in_files().values():
        if name in {typed.table, typed.table.removeprefix("ugc."), typed.event_type}:
            raise OperationError(
                f"{typed.view}, which says how {typed.table} is filled, is missing: "
                "`python -m clickhouse status --drift` prints the SQL that creates it"
            )
    tables = ", ".join(sorted(typed.table.removeprefix("ugc.") for typed in known.values()))
    raise UsageError(f"{name} is not a typed table; those are {tables}")


def rebuild(client: Client, typed: catalog.Typed, say: Callable[[str], None]) -> Rebuilt:
    """Write every event of the landing table again, month by month."""
    before = _shown(client, typed.table)
    names = catalog.written(client, typed)
    total = deleted = 0
    for row in rows(client, _MONTHS, event_type=typed.event_type):
        execute(
            client,
            f"INSERT INTO {typed.table} ({catalog.listed(names)}) SELECT {catalog.listed(names)} "  # noqa: S608 - names of the server's own
            f"FROM ({typed.select}) WHERE toYYYYMM(key_time) = {{month:UInt32}}",
            month=row["month"],
        )
        total += row["events"]
        deleted += _delete_outdated(client, typed, row["month"])
        written = rows(client, _WRITTEN, event_type=typed.event_type, month=row["month"])
        recount.count_from(client, typed.table, {each["day"] for each in written})
        say(f"{typed.table} {row['month']}: {row['events']:,} events")
    return Rebuilt(events=total, before=before, after=_shown(client, typed.table), deleted=deleted)


def _delete_outdated(client: Client, typed: catalog.Typed, month: int) -> int:
    """Delete what the MV no longer gives of the month's events, day by day: ids of a month may not fit in memory."""
    outdated = _OUTDATED.format(select=typed.select)
    deleted = 0
    for row in rows(client, _DAYS, event_type=typed.event_type, month=month):
        given = {"event_type": typed.event_type, "day": row["day"].isoformat()}
        (found,) = rows(client, f"SELECT count() AS n FROM {typed.table} WHERE {outdated}", **given)  # noqa: S608
        if found["n"]:
            # both subqueries read the landing table, which has every row before the typed one: the same on each replica
            settings = "SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1"
            execute(client, f"ALTER TABLE {typed.table} DELETE WHERE {outdated} {settings}", **given)
            deleted += found["n"]
    return deleted


def _shown(client: Client, table: str) -> int:
    (row,) = rows(client, f"SELECT uniqExact(event_id) AS n FROM {table}")  # noqa: S608 - a name of the server's own
    return int(row["n"])
