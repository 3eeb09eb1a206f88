"""Writing events into the landing table again, in such a way that those already there are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clickhouse.connection.client import execute, rows
from clickhouse.schema import catalog
from common.names import LANDING

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# Of several copies the one received first is kept. So an event counts as there when the landing table has a copy of it
# that was received at that time or earlier; of another type or of somebody else under the same id, it is another event.
# Read twice by the server, which costs little: the ids are asked for by the ids that came.
_NEW = """
SELECT {columns}
FROM ({source}) AS came
LEFT JOIN
(
    SELECT event_type, identity, event_id, min(received_at) AS first
    FROM ugc.events
    WHERE event_id IN (SELECT event_id FROM ({source}))
    GROUP BY event_type, identity, event_id
) AS there ON there.event_id = came.event_id AND there.identity = came.identity AND there.event_type = came.event_type
WHERE there.first = 0 OR came.received_at < there.first
"""
_SETTINGS = "SETTINGS join_use_nulls = 0, max_partitions_per_insert_block = 1000"


def _written(name: str) -> str:
    """A column as it is written: it is written now, whenever it was read, and its day has to be counted again."""
    return "now64(3, 'UTC') AS inserted_at" if name == "inserted_at" else f"came.`{name}` AS `{name}`"


def count_new(client: Client, source: str, **parameters: Any) -> int:
    """How many events of `source`, a query with the columns of the landing table, are not there yet."""
    key = "came.event_type AS event_type, came.identity AS identity, came.event_id AS event_id"
    new = _NEW.format(columns=key, source=source)
    query = f"SELECT uniqExact(event_type, identity, event_id) AS n FROM ({new}) {_SETTINGS}"  # noqa: S608
    (row,) = rows(client, query, **parameters)
    return int(row["n"])


def insert_new(client: Client, source: str, **parameters: Any) -> int:
    """Write those events, and through the MVs their typed rows; how many."""
    count = count_new(client, source, **parameters)
    if count:
        names = catalog.columns(client, LANDING)
        new = _NEW.format(columns=", ".join(map(_written, names)), source=source)
        into = f"INSERT INTO {LANDING} ({catalog.listed(names)}) {new} {_SETTINGS}"
        execute(client, into, **parameters)
    return count
