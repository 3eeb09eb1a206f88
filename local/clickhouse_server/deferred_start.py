"""Holds Kafka tables back until everything that hangs on them is loaded.

When the engine opens a folder, a Kafka table may begin to consume before all of its materialised views are loaded:
rows would be lost for the views that come later, and the offsets committed. So before the engine opens, every Kafka
table gets the flag file that DETACH TABLE … PERMANENTLY leaves (the engine then skips the table), and afterwards
ATTACH TABLE starts it, which removes the flag. A crash in between leaves flags with our mark, and the next start
attaches those tables like any other; the empty flags that a DBA's own DETACH … PERMANENTLY makes are not touched.

In the same way tables, views and dictionaries are withheld that reach out of the folder, made when that was allowed:
they are not loaded, nobody may attach them, and they are back at the first start that allows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from local.clickhouse_server.engine import Connection, identifier
from local.clickhouse_server.errors import ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MARK: Final = "held back until the start is complete\n"
_WITHHELD: Final = "withheld: it reaches out of the folder\n"
_KAFKA_TABLE: Final = re.compile(rb"\AATTACH TABLE\b.*^ENGINE = Kafka\b", re.DOTALL | re.MULTILINE)


class HeldTable(NamedTuple):
    database: str
    name: str


class Held(NamedTuple):
    """What does not start with the folder."""

    kafka_tables: list[HeldTable]
    withheld: list[HeldTable]
    functions: list[str]
    """Functions in SQL that reach out. They are loaded; a call of one is refused."""


def hold(engine_folder: Path, reaches_out: Callable[[bytes], bool]) -> Held:
    """Flag what must not be loaded with a folder that no engine has open. Raises OSError."""
    held = Held([], [], [])
    for metadata in sorted((engine_folder / "metadata").glob("*/*.sql")):
        flag = metadata.with_name(metadata.name + ".detached")
        mark = flag.read_text(encoding="utf-8") if flag.exists() else None
        definition = metadata.read_bytes()
        table = HeldTable(unquote(metadata.parent.name), unquote(metadata.stem))
        if reaches_out(definition):
            held.withheld.append(table)
            if mark is None:
                flag.write_text(_WITHHELD, encoding="utf-8")
        elif mark == _WITHHELD:
            flag.unlink()
            mark = None
        if mark in {None, _MARK} and _KAFKA_TABLE.search(definition):
            flag.write_text(_MARK, encoding="utf-8")
            held.kafka_tables.append(table)
    for metadata in (engine_folder / "user_defined").glob("function_*.sql"):
        if reaches_out(metadata.read_bytes()):
            held.functions.append(unquote(metadata.stem.removeprefix("function_")))
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
