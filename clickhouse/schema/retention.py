"""How long rows are kept: the TTL clauses of the applied migrations, with the numbers that the environment asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_migrations.substitution import substitute

from clickhouse.connection.client import execute, rows
from clickhouse.schema import runner, sqlfile

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

_TERM = re.compile(r"\bTTL toDateTime\(received_at\) \+ toInterval(Day|Month)\((\d+)\)")
_SETS_TTL = re.compile(r"ALTER\s+TABLE\s+ugc\.(?P<table>\w+)\s+MODIFY\s+TTL\s+(?P<ttl>.+)", re.DOTALL)


def follow(client: Client, settings: Settings, folder: Path = runner.FOLDER) -> list[str]:
    """Give each table the term of its newest applied migration, with today's variables; the tables that changed."""
    newest: dict[str, str] = {}
    given = runner.variables(settings)
    for path in runner.applied_files(settings, folder):
        for statement in sqlfile.statements(substitute(sqlfile.read(path), given, path.name)):
            match = _SETS_TTL.search(statement) if _SETS_TTL.search(sqlfile.code(statement)) else None
            if match:
                newest[match["table"]] = match["ttl"]
    present = {
        row["name"]: row["engine_full"]
        for row in rows(client, "SELECT name, engine_full FROM system.tables WHERE database = 'ugc'")
    }
    changed = []
    for table, ttl in newest.items():
        if table in present and f"TTL {ttl} " not in f"{present[table]} ":
            execute(client, f"ALTER TABLE ugc.{table} MODIFY TTL {ttl}")
            changed.append(table)
    return changed


def term(client: Client, table: str) -> tuple[int, int] | None:
    """Months and days that the server keeps rows after they were received; None for ever, (0, 0) for another TTL."""
    query = "SELECT engine_full FROM system.tables WHERE database = 'ugc' AND 'ugc.' || name = {table:String}"
    found = rows(client, query, table=table)
    match = _TERM.search(found[0]["engine_full"]) if found else None
    if match is None:
        return (0, 0) if found and " TTL " in found[0]["engine_full"] else None
    return (int(match[2]), 0) if match[1] == "Month" else (0, int(match[2]))
