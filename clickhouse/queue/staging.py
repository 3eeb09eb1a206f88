"""What a run of migrations has to mind beyond the files: the queue's consumer while files change it, and kept times.

A consumer that leaves its group while it is still joining can spoil the group for the next one. So a queue that a later
file of the same run makes again reads from nowhere until then, and one that lives is left to join first.
"""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.schema import sqlfile

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

NO_BROKER = "127.0.0.1:1"
"""Nothing listens there: a Kafka table that is to read nothing yet."""
_JOIN_S = 10.0
_PROBE_INTERVAL_S = 0.05
_SETS_TTL = re.compile(r"ALTER\s+TABLE\s+ugc\.(?P<table>\w+)\s+MODIFY\s+TTL\s+(?P<ttl>.+)", re.DOTALL)
_CREATES_QUEUE = re.compile(r"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+ugc\.events_queue\b[^;]*\bENGINE\s*=\s*Kafka\b")


def queue_versions(folder: Path) -> list[int]:
    """Versions whose files make the Kafka table, ascending."""
    return [
        int(path.name.partition("_")[0])
        for path in sorted(folder.glob("*.sql"))
        if not path.name.endswith(".down.sql") and _CREATES_QUEUE.search(sqlfile.code(sqlfile.read(path)))
    ]


def refuse_a_paused_queue(client: Client) -> None:
    """Raise OperationError when the queue is detached: no migration can change it, and half of one would have run."""
    if rows(client, "SELECT 1 FROM system.detached_tables WHERE database = 'ugc' AND table = 'events_queue'"):
        raise OperationError(
            "ugc.events_queue is paused, and a pending migration changes it: `python -m clickhouse resume` first"
        )


def let_the_consumer_join(client: Client) -> None:
    """Wait, up to ten seconds, until a queue that reads from a broker has joined its group."""
    deadline = time.monotonic() + _JOIN_S
    pause = threading.Event()
    while _is_joining(client) and time.monotonic() < deadline:
        pause.wait(_PROBE_INTERVAL_S)


def _is_joining(client: Client) -> bool:
    found = rows(
        client,
        """
        SELECT 1
        FROM system.tables AS t
        LEFT JOIN system.kafka_consumers AS c ON c.database = t.database AND c.table = t.name
        WHERE t.database = 'ugc' AND t.name = 'events_queue' AND t.engine = 'Kafka'
            AND position(t.create_table_query, {nowhere:String}) = 0 AND empty(c.assignments.topic)
        """,
        nowhere=f"'{NO_BROKER}'",
    )
    return bool(found)


def follow_retention(client: Client, text: str) -> list[str]:
    """Run those `ALTER TABLE … MODIFY TTL` of a migration whose time is not the server's; the tables that changed."""
    present = {
        row["name"]: row["engine_full"]
        for row in rows(client, "SELECT name, engine_full FROM system.tables WHERE database = 'ugc'")
    }
    changed = []
    for statement in sqlfile.statements(text):
        match = _SETS_TTL.search(statement)
        if match and match["table"] in present and f"TTL {match['ttl']} " not in f"{present[match['table']]} ":
            execute(client, statement)
            changed.append(match["table"])
    return changed
