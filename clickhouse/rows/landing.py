"""Writing events into the landing table again, in such a way that those already there are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clickhouse.connection.client import execute, rows
from clickhouse.schema import catalog
from common.names import LANDING

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

# An event counts as there when the landing table has a copy of it that was received at that time or later. Read twice
# by the server, which costs little: the ids are asked for by the ids that came.
_NEW = """
SELECT {columns}
FROM ({source}) AS came
LEFT JOIN
(
    SELECT event_id, max(received_at) AS newest
    FROM ugc.events
    WHERE event_id IN (SELECT event_id FROM ({source}))
    GROUP BY event_id
) AS there ON there.event_id = came.event_id
WHERE came.received_at > there.newest
"""
_SETTINGS = "SETTINGS join_use_nulls = 0, max_partitions_per_insert_block = 1000"


def _written(name: str) -> str:
    """A column as it is written: it is written now, whenever it was read, and its day has to be counted again."""
    return "now64(3, 'UTC') AS inserted_at" if name == "inserted_at" else f"came.`{name}` AS `{name}`"


def count_new(client: Client, source: str, **parameters: Any) -> int:
    """How many events of `source`, a query with the columns of the landing table, are not there yet."""
    new = _NEW.format(columns="came.event_id AS event_id", source=source)
    (row,) = rows(client, f"SELECT uniqExact(event_id) AS n FROM ({new}) {_SETTINGS}", **parameters)  # noqa: S608
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
