"""Vertica by URL (vertica://user:password@host:5433/database): COPY from the client."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import vertica_python

from bench.storage.data import as_csv
from bench.storage.system import QUERY, Answer, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

_SCHEMA: Final = "ugc_bench"
_CONNECT_S: Final = 10
_CREATE: Final = (
    f"CREATE TABLE {_SCHEMA}.events (event_time TIMESTAMP(3), user_id INTEGER, event_type VARCHAR(32), value FLOAT)"
    " ORDER BY event_type, event_time"
)
_QUERY: Final = QUERY.replace("events", f"{_SCHEMA}.events")
_SIZE: Final = f"""
SELECT sum(used_bytes) FROM projection_storage
WHERE anchor_table_schema = '{_SCHEMA}' AND anchor_table_name = 'events'
"""  # noqa: S608 - constants


class Vertica:
    """A schema of its own in the database of the URL."""

    def __init__(self, url: str) -> None:
        self._options = {**vertica_python.parse_dsn(url), "autocommit": False, "connection_timeout": _CONNECT_S}
        try:
            self._connection = vertica_python.connect(**self._options)
        except (vertica_python.errors.Error, OSError) as error:
            raise UnavailableError(str(error).strip().splitlines()[0]) from error
        self._cursor = self._connection.cursor()
        self._csv: list[bytes] = []
        self._cursor.execute("SELECT version()")
        self.version = str(self._cursor.fetchone()[0]).replace("Analytic Database v", "")
        self._cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")

    def prepare(self, chunks: Iterable[pa.Table]) -> None:
        self._csv = [as_csv(chunk) for chunk in chunks]

    def create(self) -> None:
        self._cursor.execute(f"DROP TABLE IF EXISTS {_SCHEMA}.events")
        self._cursor.execute(_CREATE)

    def insert(self) -> None:
        for chunk in self._csv:
            self._cursor.copy(f"COPY {_SCHEMA}.events FROM STDIN DELIMITER ',' ABORT ON ERROR", io.BytesIO(chunk))
        self._connection.commit()

    def settle(self) -> None:
        """Statistics, without which the optimiser guesses."""
        self._cursor.execute(f"SELECT analyze_statistics('{_SCHEMA}.events')")
        self._cursor.fetchall()

    def session(self) -> Connection:
        return Connection(vertica_python.connect(**self._options))

    def stored_bytes(self) -> int:
        self._cursor.execute(_SIZE)
        return int(self._cursor.fetchone()[0])

    def close(self) -> None:
        self._cursor.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
        self._connection.close()


class Connection:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._cursor = connection.cursor()

    def aggregate(self) -> list[Answer]:
        self._cursor.execute(_QUERY)
        return [Answer(name, int(count), float(mean)) for name, count, mean in self._cursor.fetchall()]

    def close(self) -> None:
        self._connection.close()
