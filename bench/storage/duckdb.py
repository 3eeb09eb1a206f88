"""DuckDB, in this process, on a file."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import duckdb

from bench.storage.system import QUERY, Answer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

_CREATE: Final = (
    "CREATE OR REPLACE TABLE events (event_time TIMESTAMP_MS, user_id INTEGER, event_type VARCHAR, value DOUBLE)"
)


class DuckDB:
    """One file; a cursor a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._connection: Any = None
        self._tables: list[pa.Table] = []
        self._numbers = itertools.count()
        self.version = f"DuckDB {duckdb.__version__}"

    def prepare(self, chunks: Iterable[pa.Table]) -> None:
        self._tables = list(chunks)

    def create(self) -> None:
        # A new file each time: DuckDB keeps the space of dropped tables, and the size is a figure here.
        self._remove()
        self._file = self._folder / f"events-{next(self._numbers)}.duckdb"
        self._connection = duckdb.connect(str(self._file))
        self._connection.execute(_CREATE)

    def insert(self) -> None:
        self._connection.execute("BEGIN")
        for table in self._tables:
            self._connection.register("chunk", table)
            self._connection.execute("INSERT INTO events SELECT * FROM chunk")
            self._connection.unregister("chunk")
        self._connection.execute("COMMIT")
        self._connection.execute("CHECKPOINT")

    def settle(self) -> None:
        """Nothing: the checkpoint is a part of the insert."""

    def session(self) -> Cursor:
        return Cursor(self._connection.cursor())

    def stored_bytes(self) -> int:
        return self._file.stat().st_size if self._file else 0

    def close(self) -> None:
        self._remove()

    def _remove(self) -> None:
        if self._file:
            self._connection.close()
            self._file.unlink()
            self._file = None


class Cursor:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def aggregate(self) -> list[Answer]:
        return list(itertools.starmap(Answer, self._cursor.execute(QUERY).fetchall()))

    def close(self) -> None:
        self._cursor.close()
