"""ClickHouse: the embedded engine in this process, or a server by URL. Columns and settings are the same."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError

from bench.storage.system import QUERY, Answer, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

_DATABASE: Final = "ugc_bench"
_CREATE: Final = f"""
CREATE TABLE {_DATABASE}.events
(
    event_time DateTime64(3, 'UTC'),
    user_id    UInt32,
    event_type LowCardinality(String),
    value      Float64
)
ENGINE = MergeTree
ORDER BY (event_type, event_time)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
# Not SYNC: in the embedded engine that waits for ever for parts that a closed connection still holds.
_DROP: Final = f"DROP TABLE IF EXISTS {_DATABASE}.events"
_QUERY: Final = QUERY.replace("events", f"{_DATABASE}.events")
_SIZE: Final = (
    f"SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = '{_DATABASE}' AND table = 'events'"  # noqa: S608 - constants
)


class EmbeddedClickHouse:
    """chDB on a folder."""

    def __init__(self, folder: Path) -> None:
        import chdb.state  # noqa: PLC0415 - half a gigabyte, for this subject only

        self._path = str(folder / "clickhouse")
        self._connect: Any = chdb.state.connect
        self._connection = self._connect(self._path)
        self._tables: list[pa.Table] = []
        self.version = f"ClickHouse {_rows(self._connection, 'SELECT version()')[0][0]}, embedded"
        self._connection.query(f"CREATE DATABASE IF NOT EXISTS {_DATABASE}")

    def prepare(self, chunks: Iterable[pa.Table]) -> None:
        self._tables = list(chunks)

    def create(self) -> None:
        self._connection.query(_DROP)
        self._connection.query(_CREATE)

    def insert(self) -> None:
        for table in self._tables:
            rows = table  # the engine finds it by this name
            self._connection.query(f"INSERT INTO {_DATABASE}.events SELECT * FROM Python(rows)")  # noqa: S608
            del rows

    def settle(self) -> None:
        """Nothing: merges go on in the background, as they do in life."""

    def session(self) -> EmbeddedSession:
        return EmbeddedSession(self._connect(self._path))

    def stored_bytes(self) -> int:
        return int(_rows(self._connection, _SIZE)[0][0])

    def close(self) -> None:
        self._connection.query(_DROP)
        self._connection.close()


class EmbeddedSession:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def aggregate(self) -> list[Answer]:
        return [Answer(name, int(count), float(mean)) for name, count, mean in _rows(self._connection, _QUERY)]

    def close(self) -> None:
        self._connection.close()


class ClickHouseServer:
    """A server behind an http(s):// URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            self._client = clickhouse_connect.get_client(dsn=url)
            self._client.command(f"CREATE DATABASE IF NOT EXISTS {_DATABASE}")
        except ClickHouseError as error:
            raise UnavailableError(str(error).splitlines()[0]) from error
        self._tables: list[pa.Table] = []
        self.version = f"ClickHouse {self._client.server_version}"

    def prepare(self, chunks: Iterable[pa.Table]) -> None:
        self._tables = list(chunks)

    def create(self) -> None:
        self._client.command(_DROP)
        self._client.command(_CREATE)

    def insert(self) -> None:
        for table in self._tables:
            self._client.insert_arrow("events", table, database=_DATABASE)

    def settle(self) -> None:
        """Nothing: merges go on in the background, as they do in life."""

    def session(self) -> ServerSession:
        return ServerSession(self._url)

    def stored_bytes(self) -> int:
        return int(next(iter(self._client.query(_SIZE).result_rows))[0])

    def close(self) -> None:
        self._client.command(_DROP)
        self._client.close()


class ServerSession:
    def __init__(self, url: str) -> None:
        self._client = clickhouse_connect.get_client(dsn=url)

    def aggregate(self) -> list[Answer]:
        return list(itertools.starmap(Answer, self._client.query(_QUERY).result_rows))

    def close(self) -> None:
        self._client.close()


def _rows(connection: Any, query: str) -> list[list[str]]:
    text = bytes(connection.query(query, "JSONCompactStringsEachRow").bytes())
    return [msgspec.json.decode(line, type=list[str]) for line in text.splitlines()]
