"""ClickHouse's side of the embedded broker: the queue table, stopped while the topic is deleted and created again.

The queue is detached before the topic is deleted and attached when it is there again. Left attached, it would do worse
than wait: the engine pinned here crashes when a topic that it consumes is deleted, or when its broker comes back
without it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from common.names import QUEUE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

STATEMENT_TIMEOUT_S = 10


# Its driver logs what it also raises.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class ConsumerUnavailableError(RuntimeError):
    """ClickHouse did not answer, or refused; the text is its own."""


class Queue:
    """The Kafka table of the stack's ClickHouse. Each call opens its own connection, so that restarts do not matter."""

    def __init__(self, url: str) -> None:
        self._url = url

    def detach(self, timeout_s: float = STATEMENT_TIMEOUT_S) -> bool:
        """Stop consuming and leave the consumer group. Returns False when somebody else had stopped it before.

        After an error the statement may still be under way, and stop the consumer later.
        """
        if not self._exists():
            return False
        self._command(f"DETACH TABLE IF EXISTS {QUEUE}", timeout_s)
        return True

    def attach(self) -> None:
        """Consume again, from the committed offsets or else from the topic's start."""
        if not self._exists():
            self._command(f"ATTACH TABLE IF NOT EXISTS {QUEUE}")

    def assigned(self) -> bool:
        """Whether the consumer has joined its group; one that leaves before that can keep the next one out."""
        sql = """
            SELECT 1
            FROM system.kafka_consumers
            WHERE (database || '.' || table = {queue:String}) AND notEmpty(assignments.topic)
        """
        return bool(self._query(sql))

    def seconds_since_poll(self) -> float | None:
        """Return for how long the consumer has not polled the broker; None when there is no consumer."""
        sql = """
            SELECT dateDiff('millisecond', max(last_poll_time), now64(3)) / 1000
            FROM system.kafka_consumers
            WHERE (database || '.' || table = {queue:String}) AND (last_poll_time > toDateTime(0))
            HAVING count() > 0
        """
        rows = self._query(sql)
        return float(rows[0]) if rows else None

    def _exists(self) -> bool:
        return bool(self._query("SELECT 1 FROM system.tables WHERE database || '.' || name = {queue:String}"))

    def _connect(self, timeout_s: float = STATEMENT_TIMEOUT_S) -> Client:
        return clickhouse_connect.get_client(
            dsn=self._url, send_receive_timeout=timeout_s, autogenerate_session_id=False
        )

    def _command(self, sql: str, timeout_s: float = STATEMENT_TIMEOUT_S) -> None:
        try:
            with self._connect(timeout_s) as client:
                client.command(sql)
        except (ClickHouseError, OSError) as error:
            raise ConsumerUnavailableError(str(error)) from error

    def _query(self, sql: str) -> list[Any]:
        try:
            with self._connect() as client:
                return [row[0] for row in client.query(sql, parameters={"queue": QUEUE}).result_rows]
        except (ClickHouseError, OSError) as error:
            raise ConsumerUnavailableError(str(error)) from error
