"""The Kafka table `ugc.events_queue` on a server: its state, its brokers, and creating it again when they moved.

A consumer that leaves its group while it is still joining can leave the group in a state in which the next consumer
gets no partitions. So a queue that is to go is left to join first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from common.names import DATABASE, QUEUE
from common.waiting import wait_until

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

NO_BROKER = "127.0.0.1:1"
"""Nothing listens there: the address of a Kafka table that is not to read anything yet."""
NAME = QUEUE.removeprefix(f"{DATABASE}.")
_JOIN_S = 10.0
_SETTING = re.compile(r"\b(kafka_broker_list|kafka_security_protocol|kafka_sasl_(?:mechanism|username)) = '([^']*)'")


def follow_brokers(client: Client, statement: str | None, *, recreate: bool = False) -> str | None:
    """Create the queue again when it is missing or does not read from where it should; what was done, or None.

    `statement` is the CREATE of the queue as it should be, None when no applied migration has one.

    Nothing is lost: the group keeps its offsets in Kafka, and the MVs stay, which follow the queue by name, so both are
    there when the new table reads its first message. A server never shows a password, so a new one alone is not
    noticed: that takes `recreate`.
    """
    if statement is None:
        return None
    wanted = _connection(statement)
    found = rows(
        client,
        "SELECT engine, create_table_query AS ddl FROM system.tables "
        "WHERE database = {database:String} AND name = {name:String}",
        database=DATABASE,
        name=NAME,
    )
    if not found:
        if is_detached(client):
            return f"{QUEUE} is detached (paused) and stays so; `python -m clickhouse resume` attaches it"
        execute(client, statement)
        return f"{QUEUE} was missing and is there again, reading from {wanted['kafka_broker_list']}"
    present = _connection(found[0]["ddl"])
    if found[0]["engine"] == "Kafka" and present == wanted and not recreate:
        return None
    let_the_consumer_join(client)
    # not SYNC: that waits for the brokers, which may be gone for good
    execute(client, f"DROP TABLE IF EXISTS {QUEUE}")
    execute(client, statement)
    before = present.get("kafka_broker_list", "nowhere")
    return (
        f"{QUEUE} was created again: it read from {before} and reads from {wanted['kafka_broker_list']} now, "
        "group and offsets are the same"
    )


def is_attached(client: Client) -> bool:
    """Whether the Kafka table is there and may consume."""
    return bool(
        rows(
            client,
            "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = {name:String}",
            database=DATABASE,
            name=NAME,
        )
    )


def is_detached(client: Client) -> bool:
    """Whether the Kafka table was detached for good, which is what `pause` does."""
    try:
        return bool(
            rows(
                client,
                "SELECT 1 FROM system.detached_tables WHERE database = {database:String} AND table = {name:String}",
                database=DATABASE,
                name=NAME,
            )
        )
    except OperationError as error:
        raise OperationError(f"cannot tell whether {QUEUE} is paused: {error}") from error


def is_assigned(client: Client) -> bool:
    """Whether every consumer of the queue has joined its group; false also while there is none."""
    found = rows(
        client,
        "SELECT min(notEmpty(assignments.topic)) AS joined, count() AS consumers FROM system.kafka_consumers "
        "WHERE database = {database:String} AND table = {name:String}",
        database=DATABASE,
        name=NAME,
    )[0]
    return bool(found["consumers"]) and bool(found["joined"])


def wait_until_assigned(client: Client, timeout_s: float) -> bool:
    """Whether the consumer joined its group in time."""
    return wait_until(lambda: is_assigned(client), timeout_s)


def let_the_consumer_join(client: Client) -> None:
    """Wait, up to ten seconds, until a queue that reads from a broker has joined its group."""
    wait_until(lambda: not _is_joining(client), _JOIN_S)


def refuse_when_paused(client: Client) -> None:
    """Raise OperationError when the queue is detached: no migration can change it, and half of one would have run."""
    if is_detached(client):
        raise OperationError(
            f"{QUEUE} is paused, and a migration of this run changes it: `python -m clickhouse resume` first"
        )


def _is_joining(client: Client) -> bool:
    found = rows(
        client,
        """
        SELECT 1
        FROM system.tables AS t
        LEFT JOIN system.kafka_consumers AS c ON c.database = t.database AND c.table = t.name
        WHERE t.database = {database:String} AND t.name = {name:String} AND t.engine = 'Kafka'
            AND position(t.create_table_query, {nowhere:String}) = 0 AND empty(c.assignments.topic)
        """,
        database=DATABASE,
        name=NAME,
        nowhere=f"'{NO_BROKER}'",
    )
    return bool(found)


def _connection(ddl: str) -> dict[str, str]:
    """What of a definition says where and as whom it reads; the password cannot be seen on a server."""
    return dict(_SETTING.findall(ddl))
