"""`rebuild TABLE`: a typed table written again from the landing table, while events go on coming.

Rows are written over the old ones: the same key and the same version, so that the last one written holds. Nothing is
taken away first, so nothing is missing at any moment, rows that the landing table has forgotten (it keeps 90 days)
stay, and a second run changes nothing that a reader sees. Until a merge the table takes up to twice its room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse import catalog
from clickhouse.client import execute, rows
from clickhouse.errors import OperationError, UsageError

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


class Rebuilt(Struct, frozen=True):
    """`events` were written; the table showed `before` events and shows `after` now."""

    events: int
    before: int
    after: int


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
                "`python -m clickhouse status --drift` prints the SQL that makes it"
            )
    tables = ", ".join(sorted(typed.table.removeprefix("ugc.") for typed in known.values()))
    raise UsageError(f"{name} is no typed table; there are {tables}")


def rebuild(client: Client, typed: catalog.Typed, say: Callable[[str], None]) -> Rebuilt:
    """Write every event of the landing table again, month by month."""
    before = _shown(client, typed.table)
    names = [name for name in catalog.columns(client, typed.table) if name in _selected(client, typed)]
    total = 0
    for row in rows(client, _MONTHS, event_type=typed.event_type):
        execute(
            client,
            f"INSERT INTO {typed.table} ({catalog.listed(names)}) SELECT {catalog.listed(names)} "  # noqa: S608 - names of the server's own
            f"FROM ({typed.select}) WHERE toYYYYMM(key_time) = {{month:UInt32}}",
            month=row["month"],
        )
        total += row["events"]
        say(f"{typed.table} {row['month']}: {row['events']:,} events")
    return Rebuilt(events=total, before=before, after=_shown(client, typed.table))


def _selected(client: Client, typed: catalog.Typed) -> set[str]:
    """The columns that the MV writes."""
    found = rows(client, f"DESCRIBE TABLE ({typed.select})")
    return {row["name"] for row in found}


def _shown(client: Client, table: str) -> int:
    (row,) = rows(client, f"SELECT uniqExact(event_id) AS n FROM {table}")  # noqa: S608 - a name of the server's own
    return int(row["n"])
