"""How long rows are kept: the TTL clauses of the applied migrations, with the numbers that the environment asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_migrations.substitution import substitute

from clickhouse import migrations, sqlfile, staging

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.settings import Settings

_SETS_TTL = re.compile(r"ALTER\s+TABLE\s+(ugc\.\w+)\s+MODIFY\s+TTL\b")


def follow(client: Client, settings: Settings, folder: Path = migrations.FOLDER) -> list[str]:
    """Give each table the term of its newest applied migration, with today's variables; the tables that changed."""
    newest: dict[str, str] = {}
    given = migrations.variables(settings)
    for path in migrations.applied_files(settings, folder):
        for statement in sqlfile.statements(substitute(sqlfile.read(path), given, path.name)):
            match = _SETS_TTL.search(sqlfile.code(statement))
            if match:
                newest[match[1]] = f"{statement.removesuffix(';')};\n"
    return staging.follow_retention(client, "".join(newest.values()))
