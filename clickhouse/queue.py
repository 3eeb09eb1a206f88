"""The consumer table `ugc.events_queue`: which brokers it reads from, and making it again when they moved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_migrations.substitution import substitute

from clickhouse import migrations, sqlfile
from clickhouse.client import execute, rows
from clickhouse.errors import OperationError

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.settings import Settings

QUEUE = "ugc.events_queue"
_BROKERS = re.compile(r"kafka_broker_list = '([^']*)'")
_CREATES_QUEUE = re.compile(
    rf"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+{re.escape(QUEUE)}\b.*\bENGINE\s*=\s*Kafka\b", re.DOTALL
)


def follow_brokers(client: Client, settings: Settings, folder: Path = migrations.FOLDER) -> str | None:
    """Make the queue again when its brokers are not the wanted ones, or when it is missing; what was done, or None.

    Nothing is lost: the group keeps its offsets in Kafka, and the MVs stay, which follow the queue by name, so both are
    there when the new table reads its first message.
    """
    statement = _newest_definition(settings, folder)
    if statement is None:
        return None
    wanted = migrations.variables(settings)["UGC_KAFKA_BOOTSTRAP"]
    found = rows(
        client,
        "SELECT engine, create_table_query AS ddl FROM system.tables WHERE database = 'ugc' AND name = 'events_queue'",
    )
    if not found:
        if _is_detached(client):
            return f"{QUEUE} is detached (paused) and stays so"
        execute(client, statement)
        return f"{QUEUE} was missing and is there again, reading from {wanted}"
    match = _BROKERS.search(found[0]["ddl"])
    if found[0]["engine"] == "Kafka" and match and match[1] == wanted:
        return None
    # not SYNC: that waits for the brokers, which may be gone for good
    execute(client, f"DROP TABLE IF EXISTS {QUEUE}")
    execute(client, statement)
    before = match[1] if match else "nowhere"
    return f"{QUEUE} was made again: it read from {before} and reads from {wanted} now, group and offsets are the same"


def _newest_definition(settings: Settings, folder: Path) -> str | None:
    """The CREATE of the Kafka table in the newest applied migration that has one: the one source of its definition."""
    for path in reversed(migrations.applied_files(settings, folder)):
        text = substitute(sqlfile.read(path), migrations.variables(settings), path.name)
        for statement in reversed(sqlfile.statements(text)):
            if _CREATES_QUEUE.search(sqlfile.code(statement)):
                return statement
    return None


def _is_detached(client: Client) -> bool:
    try:
        return bool(
            rows(client, "SELECT 1 FROM system.detached_tables WHERE database = 'ugc' AND table = 'events_queue'")
        )
    except OperationError as error:
        raise OperationError(f"cannot tell whether {QUEUE} is paused: {error}") from error
