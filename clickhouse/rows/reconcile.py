"""`reconcile`: the landing table compared with every typed table, event by event, counted by type and hour.

Hours are those of key_time, which is the same for every copy of an event: copies that are not merged yet make no
difference. Events on their way through the MVs do, for a moment, so a difference has to last to count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from clickhouse.connection.client import execute, rows
from clickhouse.schema import catalog, retention
from common.names import LANDING
from common.waiting import wait_until

if TYPE_CHECKING:
    from datetime import datetime

    from clickhouse_connect.driver.client import Client

_PROBE_INTERVAL_S = 0.5
# key_time 0 stands for times that were not plausible; such rows count by when they were received. Rows older than the
# landing table keeps them are left out: it says nothing about them.
_SINCE = """(
    (key_time >= {since:DateTime('UTC')} OR (key_time = 0 AND received_at >= {since:DateTime('UTC')}))
    AND ({for_ever:Bool} OR addDays(addMonths(toDateTime(received_at), {months:UInt32}), {days:UInt32}) > now())
)"""
_HOURS = """
SELECT
    hour,
    countIf(sides IN (1, 3)) AS landed,
    countIf(sides IN (2, 3)) AS typed,
    countIf(sides = 1) AS missing,
    countIf(sides = 2) AS extra
FROM
(
    SELECT toStartOfHour(key_time) AS hour, event_id, groupBitOr(side) AS sides
    FROM
    (
        SELECT key_time, event_id, toUInt8(1) AS side FROM ugc.events
        WHERE event_type = {{event_type:String}} AND {since}
        UNION ALL
        SELECT key_time, event_id, toUInt8(2) AS side FROM {table}
        WHERE {since}
    )
    GROUP BY hour, event_id
)
GROUP BY hour
ORDER BY hour
"""
_REPAIR = """
INSERT INTO {table} ({names})
SELECT {names}
FROM ({select})
WHERE {since} AND event_id NOT IN (SELECT event_id FROM {table} WHERE {since})
"""


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
    """Write what is missing, by each MV's own query; the tables that were written to. Extra rows are left."""
    known = catalog.on_server(client)
    repaired = []
    for event_type in sorted({hour.event_type for hour in result.hours if hour.missing}):
        typed = known[event_type]
        names = catalog.listed(catalog.written(client, typed))
        statement = _REPAIR.format(table=typed.table, names=names, select=typed.select, since=_SINCE)
        execute(client, statement, **_given(client, since))
        repaired.append(typed.table)
    return repaired


def _compare(client: Client, since: datetime) -> Reconciled:
    known = catalog.on_server(client)
    given = _given(client, since)
    hours = [
        Hour(event_type=typed.event_type, table=typed.table, **row)
        for typed in known.values()
        for row in rows(client, _HOURS.format(table=typed.table, since=_SINCE), event_type=typed.event_type, **given)
    ]
    missing = [typed.event_type for typed in catalog.in_files().values() if typed.event_type not in known]
    return Reconciled(hours=hours, without_view=missing)


def _given(client: Client, since: datetime) -> dict[str, Any]:
    months, days = retention.term(client, LANDING) or (0, 0)
    return {"since": int(since.timestamp()), "for_ever": not (months or days), "months": months, "days": days}
