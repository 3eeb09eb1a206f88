"""Holds Kafka tables back until everything that hangs on them is loaded.

When the engine opens a folder, a Kafka table may begin to consume before all of its materialised views are loaded:
rows would be lost for the views that come later, and the offsets committed. So before the engine opens, every Kafka
table gets the flag file that DETACH TABLE … PERMANENTLY leaves (the engine then skips the table), and afterwards
ATTACH TABLE starts it, which removes the flag. A crash in between leaves flags with our mark, and the next start
attaches those tables like any other; the empty flags that a DBA's own DETACH … PERMANENTLY makes are not touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from local.clickhouse_server.engine import Connection, identifier
from local.clickhouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from pathlib import Path

_MARK: Final = "held back until the start is complete\n"
_KAFKA_TABLE: Final = re.compile(r"\AATTACH TABLE\b.*^ENGINE = Kafka\b", re.DOTALL | re.MULTILINE)


class HeldTable(NamedTuple):
    database: str
    name: str


def hold_kafka_tables(engine_folder: Path) -> list[HeldTable]:
    """Flag every Kafka table of a folder that no engine has open; returns those to release. Raises OSError."""
    held = []
    for metadata in sorted((engine_folder / "metadata").glob("*/*.sql")):
        flag = metadata.with_name(metadata.name + ".detached")
        if flag.exists() and flag.read_text(encoding="utf-8") != _MARK:
            continue
        if _KAFKA_TABLE.search(metadata.read_text(encoding="utf-8", errors="replace")):
            flag.write_text(_MARK, encoding="utf-8")
            held.append(HeldTable(unquote(metadata.parent.name), unquote(metadata.stem)))
    return held


def release(connection: Connection, tables: list[HeldTable]) -> list[str]:
    """Start the tables. Returns one line for each that the engine refuses; it stays held until the next start."""
    refused = []
    for table in tables:
        try:
            connection.execute(f"ATTACH TABLE {identifier(table.database)}.{identifier(table.name)}")
        except ClickHouseError as error:
            refused.append(f"{table.database}.{table.name} could not be started: {error}")
    return refused
