"""clickhouse-migrations, as it works on our driver and our database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_migrations.clickhouse_cluster import ClickhouseCluster
from clickhouse_migrations.connection import CLICKHOUSE_CONNECT, ClickhouseConnectConnection

from clickhouse.connection.client import one_line
from clickhouse.connection.errors import StatementError
from clickhouse.queue.security import secured
from clickhouse.schema import sqlfile
from common.kafka import KafkaSecurity
from common.names import DATABASE

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse.connection.settings import Settings


class _Connection(ClickhouseConnectConnection):  # type: ignore[misc]
    """Secures the Kafka table, and keeps the statement that failed, so that the message can name its file."""

    security = KafkaSecurity()

    def command(self, statement: str, log_statement: str | None = None) -> None:
        try:
            super().command(secured(statement, sqlfile.code(statement), self.security), log_statement)
        except ClickHouseError as error:
            raise StatementError(statement, one_line(error)) from error


class Cluster(ClickhouseCluster):  # type: ignore[misc]
    """The list of what is applied is `ugc.schema_versions`."""

    def __init__(self, settings: Settings, migrations: Path) -> None:
        super().__init__(db_url=settings.url, db_name=DATABASE, driver=CLICKHOUSE_CONNECT)
        self.migrations = migrations
        self._security = settings.security

    def connection(self, db_name: str | None = None) -> _Connection:
        connection = _Connection(self._connect_client(db_name if db_name is not None else self.default_db_name))
        connection.security = self._security
        return connection
