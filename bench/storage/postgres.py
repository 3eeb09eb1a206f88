"""PostgreSQL by URL: COPY into a heap table, with the server's own durability."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import psycopg

from bench.storage.data import as_csv
from bench.storage.system import QUERY, Answer, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

_SCHEMA: Final = "ugc_bench"
_CONNECT_S: Final = 10
_CREATE: Final = (
    "CREATE TABLE events (event_time timestamp(3), user_id integer, event_type text, value double precision)"
)


class PostgreSQL:
    """A schema of its own in the database of the URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            self._connection = _connect(url)
        except psycopg.Error as error:
            raise UnavailableError(str(error).strip().splitlines()[0]) from error
        self._csv: list[bytes] = []
        number = self._connection.info.server_version  # 150018 is 15.18
        self.version = f"PostgreSQL {number // 10_000}.{number % 10_000}"
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")

    def prepare(self, chunks: Iterable[pa.Table]) -> None:
        self._csv = [as_csv(chunk) for chunk in chunks]

    def create(self) -> None:
        self._connection.execute("DROP TABLE IF EXISTS events")
        self._connection.execute(_CREATE)

    def insert(self) -> None:
        with self._connection.cursor() as cursor, cursor.copy("COPY events FROM STDIN (FORMAT csv)") as copy:
            for chunk in self._csv:
                copy.write(chunk)

    def settle(self) -> None:
        """Hint bits and statistics, which the first queries would have to make otherwise."""
        self._connection.execute("VACUUM (ANALYZE) events")

    def session(self) -> Connection:
        return Connection(_connect(self._url))

    def stored_bytes(self) -> int:
        row = self._connection.execute("SELECT pg_total_relation_size('events')").fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        self._connection.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
        self._connection.close()


class Connection:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def aggregate(self) -> list[Answer]:
        return list(itertools.starmap(Answer, self._connection.execute(QUERY).fetchall()))

    def close(self) -> None:
        self._connection.close()


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_S, options=f"-c search_path={_SCHEMA}")
