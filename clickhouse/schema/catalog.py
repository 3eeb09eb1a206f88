"""Which event type goes where: as the MVs of a server say, and as the migration files say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse.connection.client import rows
from clickhouse.connection.errors import OperationError
from clickhouse.schema import runner, sqlfile

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

_CREATES_MV = re.compile(
    r"CREATE\s+MATERIALIZED\s+VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?ugc\.`?(\w+)`?\s+TO\s+ugc\.`?(\w+)`?"
)
_OF_TYPE = re.compile(r"\bFROM\s+ugc\.events\b(?:\s+AS\s+\w+)?\s+WHERE\s+\(?(?:\w+\.)?event_type\s*=\s*'([a-z0-9_]+)'")


class Typed(Struct, frozen=True):
    """An event type with its table and its MV; `select` is what the MV does, as the server has it ('' from files)."""

    event_type: str
    table: str
    view: str
    select: str = ""


def on_server(client: Client) -> dict[str, Typed]:
    """By event type, every MV from the landing table to a typed table."""
    found = rows(
        client,
        "SELECT name, create_table_query AS ddl, as_select FROM system.tables "
        "WHERE database = 'ugc' AND engine = 'MaterializedView' ORDER BY name",
    )
    typed = {}
    for row in found:
        made, kind = _CREATES_MV.search(row["ddl"]), _OF_TYPE.search(row["as_select"])
        if made and kind:
            typed[kind[1]] = Typed(kind[1], f"ugc.{made[2]}", f"ugc.{row['name']}", row["as_select"])
    return typed


def in_files(folder: Path = runner.FOLDER) -> dict[str, Typed]:
    """By event type, what the migrations create, oldest file first."""
    typed = {}
    for path in sorted(folder.glob("[0-9]*.sql")):
        if path.name.endswith(".down.sql"):
            continue
        for statement in sqlfile.statements(sqlfile.read(path)):
            made, kind = _CREATES_MV.search(statement), _OF_TYPE.search(statement)
            if made and kind:
                typed[kind[1]] = Typed(kind[1], f"ugc.{made[2]}", f"ugc.{made[1]}")
    return typed


def columns(client: Client, table: str) -> list[str]:
    """The stored columns of a table of `ugc`, in order; OperationError when there is no such table."""
    database, _, name = table.partition(".")
    found = rows(
        client,
        "SELECT name FROM system.columns WHERE database = {database:String} AND table = {name:String} "
        "AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') ORDER BY position",
        database=database,
        name=name,
    )
    if not found:
        raise OperationError(f"there is no table {table}: `python -m clickhouse status --drift` shows what is missing")
    return [row["name"] for row in found]


def written(client: Client, typed: Typed) -> list[str]:
    """The columns of a typed table that its MV writes: one that was added lately may not be among them yet."""
    selected = {row["name"] for row in rows(client, f"DESCRIBE TABLE ({typed.select})")}
    return [name for name in columns(client, typed.table) if name in selected]


def consumer_select(client: Client, view: str, source: str) -> str:
    """What an MV on the queue does, reading from `source` instead (a table, or a query in brackets)."""
    found = rows(
        client, "SELECT as_select FROM system.tables WHERE database = 'ugc' AND name = {view:String}", view=view
    )
    if not found:
        raise OperationError(
            f"ugc.{view} is missing: `python -m clickhouse status --drift` prints the SQL that creates it"
        )
    select, count = re.subn(r"\bFROM ugc\.events_queue AS q\b", lambda _: f"FROM {source} AS q", found[0]["as_select"])
    if count != 1:
        raise OperationError(f"ugc.{view} does not read from `ugc.events_queue AS q`, as its migration does")
    return select


def wire_columns(select: str) -> list[str]:
    """The columns of the wire that an MV on the queue reads, as `q.name`; without those that the engine adds."""
    return sorted({name for name in re.findall(r"\bq\.(\w+)", select) if not name.startswith("_")})


def listed(names: list[str]) -> str:
    """Names as they stand in SQL."""
    return ", ".join(f"`{name}`" for name in names)
