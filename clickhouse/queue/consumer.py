"""The consumer table `ugc.events_queue`: its state, its brokers, and making it again when they moved."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

from clickhouse_migrations.substitution import substitute

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.queue import staging
from clickhouse.queue.security import secured
from clickhouse.schema import runner, sqlfile

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

QUEUE = "ugc.events_queue"
_PROBE_INTERVAL_S = 0.05
_SETTING = re.compile(r"\b(kafka_broker_list|kafka_security_protocol|kafka_sasl_(?:mechanism|username)) = '([^']*)'")
_CREATES_QUEUE = re.compile(
    rf"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+{re.escape(QUEUE)}\b.*\bENGINE\s*=\s*Kafka\b", re.DOTALL
)


def follow_brokers(
    client: Client, settings: Settings, folder: Path = runner.FOLDER, *, recreate: bool = False
) -> str | None:
    """Make the queue again when it is missing or does not read from where it should; what was done, or None.

    Nothing is lost: the group keeps its offsets in Kafka, and the MVs stay, which follow the queue by name, so both are
    there when the new table reads its first message. A server never shows a password, so a new one alone is not
    noticed: that takes `recreate`.
    """
    statement = _newest_definition(settings, folder)
    if statement is None:
        return None
    wanted = _connection(statement)
    found = rows(
        client,
        "SELECT engine, create_table_query AS ddl FROM system.tables WHERE database = 'ugc' AND name = 'events_queue'",
    )
    if not found:
        if is_detached(client):
            return f"{QUEUE} is detached (paused) and stays so; `python -m clickhouse resume` attaches it"
        execute(client, statement)
        return f"{QUEUE} was missing and is there again, reading from {wanted['kafka_broker_list']}"
    present = _connection(found[0]["ddl"])
    if found[0]["engine"] == "Kafka" and present == wanted and not recreate:
        return None
    staging.let_the_consumer_join(client)
    # not SYNC: that waits for the brokers, which may be gone for good
    execute(client, f"DROP TABLE IF EXISTS {QUEUE}")
    execute(client, statement)
    before = present.get("kafka_broker_list", "nowhere")
    return (
        f"{QUEUE} was made again: it read from {before} and reads from {wanted['kafka_broker_list']} now, "
        "group and offsets are the same"
    )


def is_attached(client: Client) -> bool:
    """Whether the Kafka table is there and may consume."""
    return bool(rows(client, "SELECT 1 FROM system.tables WHERE database = 'ugc' AND name = 'events_queue'"))


def is_detached(client: Client) -> bool:
    """Whether the Kafka table was detached for good, which is what `pause` does."""
    try:
        return bool(
            rows(client, "SELECT 1 FROM system.detached_tables WHERE database = 'ugc' AND table = 'events_queue'")
        )
    except OperationError as error:
        raise OperationError(f"cannot tell whether {QUEUE} is paused: {error}") from error


def is_assigned(client: Client) -> bool:
    """Whether every consumer of the queue has joined its group; false also while there is none."""
    found = rows(
        client,
        "SELECT min(notEmpty(assignments.topic)) AS joined, count() AS consumers FROM system.kafka_consumers "
        "WHERE database = 'ugc' AND table = 'events_queue'",
    )[0]
    return bool(found["consumers"]) and bool(found["joined"])


def wait_until_assigned(client: Client, timeout_s: float) -> bool:
    """Whether the consumer joined its group in time: one that leaves before may spoil the group for the next."""
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not is_assigned(client):
        if time.monotonic() >= deadline:
            return False
        pause.wait(_PROBE_INTERVAL_S)
    return True


def definition(settings: Settings, folder: Path = runner.FOLDER) -> str:
    """The statement that makes the Kafka table, as the applied migrations have it; OperationError when none does."""
    statement = _newest_definition(settings, folder)
    if statement is None:
        raise OperationError(f"no applied migration makes {QUEUE}: run `python -m clickhouse migrate`")
    return statement


def _newest_definition(settings: Settings, folder: Path) -> str | None:
    """The CREATE of the Kafka table in the newest applied migration that has one: the one source of its definition."""
    for path in reversed(runner.applied_files(settings, folder)):
        text = substitute(sqlfile.read(path), runner.variables(settings), path.name)
        for statement in reversed(sqlfile.statements(text)):
            code = sqlfile.code(statement)
            if _CREATES_QUEUE.search(code):
                return secured(statement, code, settings.security)
    return None


def _connection(ddl: str) -> dict[str, str]:
    """What of a definition says where and as whom it reads; the password cannot be seen on a server."""
    return dict(_SETTING.findall(ddl))
