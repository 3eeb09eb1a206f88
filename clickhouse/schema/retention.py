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
_CREATES = re.compile(
    r"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+ugc\.(\w+)\b.*?^TTL\s+(.+?)\s*(?=^--|^SETTINGS\b|^COMMENT\b|\Z)",
    re.DOTALL | re.MULTILINE,
)
_ALTERS = re.compile(r"ALTER\s+TABLE\s+ugc\.(\w+)\s+(MODIFY|REMOVE)\s+TTL\b\s*([^;]*)")


def follow(client: Client, settings: Settings, folder: Path = runner.FOLDER) -> list[str]:
    """Give each table the term of its newest applied migration, with today's variables; the tables that changed.

    The term is the TTL clause of the table's CREATE, or what a later ALTER made of it.
    """
    newest: dict[str, str] = {}
    given = runner.variables(settings)
    for path in runner.applied_files(settings, folder):
        for statement in sqlfile.statements(substitute(sqlfile.read(path), given, path.name)):
            # by the code alone it is recognised: a comment may speak of such a statement
            created = _CREATES.search(statement)
            altered = _ALTERS.search(statement) if _ALTERS.search(sqlfile.code(statement)) else None
            if created:
                newest[created[1]] = created[2]
            elif altered and altered[2] == "MODIFY":
                newest[altered[1]] = altered[3].strip()
            elif altered:
                newest.pop(altered[1], None)
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
    """Months and days for which rows are kept after receipt; None without a TTL, (0, 0) for one of another form."""
    query = "SELECT engine_full FROM system.tables WHERE database = 'ugc' AND 'ugc.' || name = {table:String}"
    found = rows(client, query, table=table)
    match = _TERM.search(found[0]["engine_full"]) if found else None
    if match is None:
        return (0, 0) if found and " TTL " in found[0]["engine_full"] else None
    return (int(match[2]), 0) if match[1] == "Month" else (0, int(match[2]))
