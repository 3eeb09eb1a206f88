"""Connections to ClickHouse over HTTP: our own, and the one that clickhouse-migrations works with."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.connection import CLICKHOUSE_CONNECT, ClickhouseConnectConnection

from clickhouse.connection.errors import OperationError, StatementError
from clickhouse.queue.security import secured
from clickhouse.schema import sqlfile
from common.kafka import KafkaSecurity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

DATABASE = "ugc"
_PROBE_INTERVAL_S = 0.2
_STATEMENT_S = 300


def one_line(error: BaseException) -> str:
    """A server's answer without its stack trace and without the driver's wrapping."""
    return " ".join(str(error).split("Stack trace", maxsplit=1)[0].split())


def connect(settings: Settings, wait_s: float = 0, *, statement_s: int = _STATEMENT_S) -> Client:
    """A client of the server, waiting up to `wait_s` seconds for it to answer; OperationError when it does not.

    `statement_s` is how long one statement may take before it is given up here; the server goes on with it.
    """
    deadline = time.monotonic() + wait_s
    pause = threading.Event()
    while True:
        try:
            interface = settings.url.partition(":")[0]
            return clickhouse_connect.get_client(
                dsn=settings.url, interface=interface, tz_mode="aware", send_receive_timeout=statement_s
            )
        except (OperationalError, OSError) as error:
            if time.monotonic() >= deadline:
                waited = f" within {wait_s:g} s" if wait_s else ""
                raise OperationError(
                    f"ClickHouse at {settings.shown_url} did not answer{waited}: {_cause(error)}. "
                    "Start it, or set UGC_CLICKHOUSE_URL to where it runs."
                ) from error
            pause.wait(_PROBE_INTERVAL_S)
        except ClickHouseError as error:
            raise OperationError(
                f"ClickHouse at {settings.shown_url} refused: {one_line(error)}. "
                "Check user and password in UGC_CLICKHOUSE_URL."
            ) from error


def _cause(error: BaseException) -> str:
    """The innermost reason, which is the one that says something."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return one_line(error)


@contextmanager
def connected(settings: Settings, wait_s: float = 0, *, statement_s: int = _STATEMENT_S) -> Iterator[Client]:
    """`connect`, closed at the end."""
    client = connect(settings, wait_s, statement_s=statement_s)
    try:
        yield client
    finally:
        client.close()


def execute(client: Client, statement: str, **parameters: Any) -> None:
    """Run a statement that returns nothing; StatementError when it is refused. `{name:Type}` is bound by the server."""
    try:
        client.command(statement, parameters=parameters or None)
    except ClickHouseError as error:
        raise StatementError(statement, one_line(error)) from error


def rows(client: Client, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query; its `{name:Type}` parameters are bound by the server."""
    try:
        return list(client.query(query, parameters=parameters).named_results())
    except ClickHouseError as error:
        raise StatementError(query, one_line(error)) from error


class _Connection(ClickhouseConnectConnection):  # type: ignore[misc]
    """Secures the Kafka table, and keeps the statement that failed, so that the message can name its file."""

    security = KafkaSecurity()

    def command(self, statement: str, log_statement: str | None = None) -> None:
        try:
            super().command(secured(statement, sqlfile.code(statement), self.security), log_statement)
        except ClickHouseError as error:
            raise StatementError(statement, one_line(error)) from error


class Cluster(ClickhouseCluster):  # type: ignore[misc]
    """clickhouse-migrations on our driver and our database; the list of what is applied is `ugc.schema_versions`."""

    def __init__(self, settings: Settings, migrations: Path) -> None:
        super().__init__(db_url=settings.url, db_name=DATABASE, driver=CLICKHOUSE_CONNECT)
        self.migrations = migrations
        self._security = settings.security

    def connection(self, db_name: str | None = None) -> _Connection:
        connection = _Connection(self._connect_client(db_name if db_name is not None else self.default_db_name))
        connection.security = self._security
        return connection
