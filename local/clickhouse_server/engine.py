"""The engine: connections to one chDB data folder."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from local.clickhouse_server.chdb_library import connect
from local.clickhouse_server.errors import QUERY_WAS_CANCELLED, UNKNOWN_FORMAT, UNKNOWN_SETTING, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

_OBJECTS_OF_PYTHON: Final = frozenset(("dataframe", "arrowtable"))  # of chDB, no formats of ClickHouse
_FORMAT_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_STRAY_BYTE: Final = re.compile("[\udc80-\udcff]")  # as `surrogateescape` reads what is not UTF-8
_SETTING_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
# What clickhouse-local sets differently: for a server `1` is no query, and files are read, not mapped into memory.
_SERVER_DEFAULTS: Final = "SET implicit_select = 0, storage_file_read_method = 'pread'"


class Counts(msgspec.Struct):
    """What a query did, as far as chDB says."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    def __add__(self, other: Counts) -> Counts:
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Counts(*(mine + more for mine, more in pairs))


class Connection:
    """One chDB connection: its own settings, current database and temporary tables. For one thread at a time."""

    def __init__(self, connection_string: str) -> None:
        self._connection_string = connection_string
        self._chdb: Any = connect(connection_string)
        try:
            self.execute(_SERVER_DEFAULTS)
        except BaseException:
            self.close()
            raise

    def sibling(self) -> Connection:
        """Another connection to the same folder."""
        return Connection(self._connection_string)

    def execute(
        self, sql: str | bytes, result_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> Any:
        """Run one statement and return chDB's result, held in memory. Raises ClickHouseError."""
        text = sql if isinstance(sql, bytes) else as_bytes(sql)
        try:
            return self._chdb.query(text, result_format, params=_escaped(params or {}))
        except (RuntimeError, UnicodeDecodeError) as raised:  # the second when the error's text is not UTF-8
            raise self._error(raised) from raised

    def _error(self, raised: BaseException) -> ClickHouseError:
        error = ClickHouseError.of_engine(raised)
        if error.code == QUERY_WAS_CANCELLED[1]:
            # It stays in the list of processes, and a KILL … SYNC waits, until its connection takes the next query.
            with contextlib.suppress(RuntimeError):
                self._chdb.query("SELECT 1 FORMAT Null")
        return error

    def stream(self, sql: bytes, result_format: str, params: Mapping[str, str]) -> Generator[tuple[bytes, Counts]]:
        """Run a SELECT and give its result block by block, each formatted by itself. Raises ClickHouseError."""
        try:
            result = self._chdb.send_query(sql, result_format, params=_escaped(params))
            with contextlib.closing(result):
                for block in iter(result.fetch, None):
                    yield bytes(block.bytes()), counts_of(block, "SELECT")
        except (RuntimeError, UnicodeDecodeError) as raised:
            raise self._error(raised) from raised

    def rows(self, sql: str) -> list[list[str]]:
        """A small result as rows of strings."""
        text = bytes(self.execute(sql, "JSONCompactStringsEachRow").bytes())
        return [msgspec.json.decode(line, type=list[str]) for line in text.splitlines()]

    def set(self, settings: Mapping[str, str]) -> None:
        """Change settings for the rest of the connection's life. Raises ClickHouseError for an unknown one."""
        for name in settings:
            if not _SETTING_NAME.fullmatch(name):
                raise ClickHouseError(UNKNOWN_SETTING, f"Unknown setting '{name}'.")
        if settings:
            self.execute("SET " + ", ".join(f"{name} = {literal(value)}" for name, value in settings.items()))

    def changed_settings(self) -> list[str]:
        """Names of the settings that are not as they are by default."""
        return [name for [name] in self.rows("SELECT name FROM system.settings WHERE changed")]

    def use(self, database: str) -> None:
        self.execute("USE " + identifier(database))

    @contextlib.contextmanager
    def restored(self, names: list[str]) -> Iterator[None]:
        """Put the named settings and the current database back as they were, when a session outlives one request."""
        wanted = ", ".join(literal(name) for name in names) or "''"
        before = self.rows(f"SELECT name, hex(value), changed FROM system.settings WHERE name IN ({wanted})")  # noqa: S608
        [[database]] = self.rows("SELECT hex(currentDatabase())")
        try:
            yield
        finally:
            for name, value, changed in before:
                self.execute(f"SET {name} = " + (literal(_unhex(value)) if changed == "1" else "DEFAULT"))
            with contextlib.suppress(ClickHouseError):  # the session may have dropped it
                self.use(_unhex(database))

    def close(self) -> None:
        self._chdb.close()


def _escaped(params: Mapping[str, str]) -> dict[str, str]:
    """Values of parameters as chDB takes them: in UTF-8, other bytes as the escapes that the engine undoes."""
    return {
        name: _STRAY_BYTE.sub(lambda byte: f"\\x{ord(byte[0]) - 0xDC00:02x}", value)
        for name, value in params.items()
        if not _STRAY_BYTE.search(name)  # no statement can name it
    }


def _unhex(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8", "surrogateescape")


def counts_of(result: Any, kind: str) -> Counts:
    """ChDB's counters of a finished query."""
    scanned, scanned_bytes = result.storage_rows_read(), result.storage_bytes_read()
    counts = Counts(read_rows=scanned, read_bytes=scanned_bytes, elapsed_ns=int(result.elapsed() * 1e9))
    if kind == "INSERT":
        counts.written_rows, counts.written_bytes = result.rows_read() or scanned, result.bytes_read()
    else:
        counts.result_rows, counts.result_bytes = result.rows_read(), result.bytes_read()
    return counts


def as_bytes(text: str) -> bytes:
    """SQL as the engine takes it, with bytes that are not UTF-8 as they were sent."""
    return text.encode("utf-8", "surrogateescape")


def literal(value: str) -> str:
    """A string literal of SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def from_file(path: str, format_name: str, settings: bytes = b"") -> bytes:
    """Where an INSERT takes its data from when they are in a file. Raises ClickHouseError for what is no format."""
    source = f"FROM INFILE {literal(path)} COMPRESSION 'none'".encode()
    return b"%b %b FORMAT %b" % (source, settings, checked_format(format_name).encode())


def checked_format(name: str) -> str:
    """The name of a format, which stands in statements as it is. Raises ClickHouseError for what can be none."""
    if not _FORMAT_NAME.fullmatch(name) or name.lower() in _OBJECTS_OF_PYTHON:
        raise ClickHouseError(UNKNOWN_FORMAT, f"Unknown format {name}.")
    return name


def identifier(name: str) -> str:
    """A quoted identifier of SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
