"""`reconcile`: the landing table compared with every typed table, event by event, counted by type and hour.

Hours are those of key_time, which is the same for every copy of an event: copies that are not merged yet make no
difference. Events on their way through the MVs do, for a moment, so a difference has to last to count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from clickhouse.connection.client import execute, rows
from clickhouse.rows import recount
from clickhouse.rows.counting import weighed
from clickhouse.schema import catalog, retention
from common.names import LANDING
from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from clickhouse_connect.driver.client import Client

_PROBE_INTERVAL_S = 0.5
# key_time 0 stands for times that were not plausible; such rows count by when they were received. Rows older than the
# landing table keeps them are left out: it says nothing about them.
_SINCE = """(
    (key_time >= {since:DateTime('UTC')} OR (key_time = 0 AND received_at >= {since:DateTime('UTC')}))
    AND ({for_ever:Bool} OR addDays(addMonths(toDateTime(received_at), {months:UInt32}), {days:UInt32}) > now())
)"""
# Both sides by hour, as one number of all their events: where they are equal there is no difference, and no id has to
# be kept in memory.
_SUMS = """
SELECT
    toStartOfHour(key_time) AS hour,
    count() AS events,
    sum(cityHash64(identity, event_id)) AS fingerprint
FROM {table} FINAL
WHERE {which} AND {since}
GROUP BY hour
SETTINGS do_not_merge_across_partitions_select_final = 1
"""
_SIDES = """
SELECT
    hour,
    landed.events AS landed,
    typed.events AS typed,
    landed.events = typed.events AND landed.fingerprint = typed.fingerprint AS is_same
FROM ({landed}) AS landed
FULL JOIN ({typed}) AS typed USING (hour)
ORDER BY hour
SETTINGS join_use_nulls = 0
"""
_HOURS = """
SELECT
    hour,
    countIf(sides IN (1, 3)) AS landed,
    countIf(sides IN (2, 3)) AS typed,
    countIf(sides = 1) AS missing,
    countIf(sides = 2) AS extra
FROM
(
    SELECT toStartOfHour(key_time) AS hour, identity_hash, event_id, groupBitOr(side) AS sides
    FROM
    (
        SELECT key_time, cityHash64(identity) AS identity_hash, event_id, toUInt8(1) AS side FROM ugc.events
        WHERE event_type = {{event_type:String}} AND {since} AND {of_hours}
        UNION ALL
        SELECT key_time, cityHash64(identity) AS identity_hash, event_id, toUInt8(2) AS side FROM {table}
        WHERE {since} AND {of_hours}
    )
    GROUP BY hour, identity_hash, event_id
)
GROUP BY hour
ORDER BY hour
"""
_MISSING = """
FROM ({select})
WHERE {since} AND {of_hours}
    AND (identity, event_id) NOT IN (SELECT identity, event_id FROM {table} WHERE {since} AND {of_hours})
"""
# by the sorting key, and then exactly
_OF_HOURS = (
    "toDate(key_time) IN (SELECT toDate(arrayJoin({hours:Array(DateTime('UTC'))}))) "
    "AND toStartOfHour(key_time) IN {hours:Array(DateTime('UTC'))}"
)
_EVENTS_AT_ONCE = 2_000_000


class Hour(Struct, frozen=True):
    """One hour of one type. `missing` landed and are in no typed table; `extra` are there and never landed."""

    event_type: str
    table: str
    hour: datetime
    landed: int
    typed: int
    missing: int
    extra: int

    @property
    def differs(self) -> bool:
        return bool(self.missing or self.extra)


class Reconciled(Struct, frozen=True):
    """Every hour that was looked at, and the types whose MV is missing, so that nothing can be said about them."""

    hours: list[Hour]
    without_view: list[str]

    @property
    def differs(self) -> bool:
        return bool(self.without_view) or any(hour.differs for hour in self.hours)


def reconcile(client: Client, since: datetime, *, settle_s: float) -> Reconciled:
    """Compare; a difference is looked at again for up to `settle_s` seconds, in which events under way arrive."""
    results: list[Reconciled] = []

    def is_settled() -> bool:
        results.append(_compare(client, since))
        return not any(hour.differs for hour in results[-1].hours)

    wait_until(is_settled, settle_s, every_s=_PROBE_INTERVAL_S)
    return results[-1]


def repair(client: Client, result: Reconciled, since: datetime) -> list[str]:
    """Write what is missing, by each MV's own query, and count its days again; the tables that were written to.

    Extra rows are left.
    """
    known = catalog.on_server(client)
    repaired = []
    for event_type in sorted({hour.event_type for hour in result.hours if hour.missing}):
        typed = known[event_type]
        names = catalog.listed(catalog.written(client, typed))
        days: set[date] = set()
        for hours in _batches([hour for hour in result.hours if hour.missing and hour.event_type == event_type]):
            missing = _MISSING.format(table=typed.table, select=typed.select, since=_SINCE, of_hours=_OF_HOURS)
            given = {**_given(client, since), "hours": hours}
            found = rows(client, f"SELECT DISTINCT toDate(occurred_at) AS day {missing}", **given)
            days |= {row["day"] for row in found}
            execute(client, f"INSERT INTO {typed.table} ({names}) SELECT {names} {missing}", **given)
        recount.count_from(client, typed.table, days)
        repaired.append(typed.table)
    return repaired


def _compare(client: Client, since: datetime) -> Reconciled:
    known = catalog.on_server(client)
    hours = [hour for typed in known.values() for hour in _compare_type(client, typed, since)]
    missing = [typed.event_type for typed in catalog.in_files().values() if typed.event_type not in known]
    return Reconciled(hours=hours, without_view=missing)


def _compare_type(client: Client, typed: catalog.Typed, since: datetime) -> list[Hour]:
    """Every hour of one type; ids are compared only in those whose sides are not equal."""
    given = {**_given(client, since), "event_type": typed.event_type}
    landed = _SUMS.format(table=LANDING, which="event_type = {event_type:String}", since=_SINCE)
    other = _SUMS.format(table=typed.table, which="1", since=_SINCE)
    sides = rows(client, _SIDES.format(landed=landed, typed=other), **given)
    names: dict[str, Any] = {"event_type": typed.event_type, "table": typed.table}
    found = {
        row["hour"]: Hour(**names, hour=row["hour"], landed=row["landed"], typed=row["typed"], missing=0, extra=0)
        for row in sides
    }
    differing = [found[row["hour"]] for row in sides if not row["is_same"]]
    exact = _HOURS.format(table=typed.table, since=_SINCE, of_hours=_OF_HOURS)
    for hours in _batches(differing):
        found |= {row["hour"]: Hour(**names, **row) for row in rows(client, exact, hours=hours, **given)}
    return list(found.values())


def _batches(hours: list[Hour]) -> Iterator[list[int]]:
    """The times of these hours, as many at once as fit in memory with their events."""
    for batch in weighed(hours, lambda hour: hour.landed + hour.typed, _EVENTS_AT_ONCE):
        yield [int(hour.hour.timestamp()) for hour in batch]


def _given(client: Client, since: datetime) -> dict[str, Any]:
    months, days = retention.term(client, LANDING) or (0, 0)
    return {"since": int(since.timestamp()), "for_ever": not (months or days), "months": months, "days": days}
