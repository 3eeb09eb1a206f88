"""What the migration files say about the Kafka table: which of them create it, and how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_migrations.substitution import substitute

from clickhouse.queue.security import secured
from clickhouse.schema import sqlfile
from common.names import QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from common.kafka import KafkaSecurity

_CREATES_QUEUE = re.compile(
    rf"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+{re.escape(QUEUE)}\b.*\bENGINE\s*=\s*Kafka\b", re.DOTALL
)


def versions(folder: Path) -> list[int]:
    """Versions whose files create the Kafka table, in ascending order."""
    return [
        int(path.name.partition("_")[0])
        for path in sorted(folder.glob("*.sql"))
        if not path.name.endswith(".down.sql")
        and any(_CREATES_QUEUE.search(sqlfile.code(each)) for each in sqlfile.statements(sqlfile.read(path)))
    ]


def newest(applied: Iterable[Path], given: Mapping[str, str], security: KafkaSecurity) -> str | None:
    """The CREATE of the Kafka table in the newest of these files that has one: the one source of its definition."""
    for path in reversed(list(applied)):
        for statement in reversed(sqlfile.statements(substitute(sqlfile.read(path), given, path.name))):
            code = sqlfile.code(statement)
            if _CREATES_QUEUE.search(code):
                return secured(statement, code, security)
    return None
