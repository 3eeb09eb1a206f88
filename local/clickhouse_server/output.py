"""A SELECT that is running: its result comes out of a pipe, so that one of any size takes constant memory."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import select
import threading
from typing import TYPE_CHECKING, Final

from local.clickhouse_server.engine import Counts, as_bytes, counts_of
from local.clickhouse_server.errors import QUERY_WAS_CANCELLED, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.clickhouse_server.engine import Connection
    from local.clickhouse_server.statements import Statement

_PIPE_SIZE: Final = 1 << 20
_GRACE_S: Final = 0.1
_LOOK_AFTER_CLIENT_S: Final = 0.5

# Formats of which the documents of several blocks are one document of all.
_OF_BLOCKS: Final = frozenset(
    (
        *("native", "buffers", "rowbinary", "msgpack", "rawblob", "lineasstring", "tskv"),
        *("tabseparated", "tsv", "tabseparatedraw", "tsvraw", "csv"),
        *("jsoneachrow", "jsonlines", "ndjson", "jsonstringseachrow"),
        *("jsoncompacteachrow", "jsoncompactstringseachrow"),
    )
)
# What they have behind the last block, or around all of them: clauses and settings, by a part of their names.
_OF_ALL_BLOCKS: Final = (b"totals", b"extremes", b"array_of_rows")


def comes_in_blocks(result_format: str, sql: bytes, settings: list[str]) -> bool:
    """Whether a result is the same when its blocks are formatted one by one; then its first rows are there at once.

    `settings` are the names of those that hold for it.
    """
    text = as_bytes(" ".join([*settings, ""])).lower() + sql.lower()
    return result_format.lower() in _OF_BLOCKS and not any(sign in text for sign in _OF_ALL_BLOCKS)


class Output:
    """The result of a SELECT, as it is made.

    There are two ways out of chDB. It formats every block as a document of its own, and gives it as soon as it is
    there. Or it writes INTO OUTFILE, here a pipe, what a server would send, in every format, but in pieces of 1 MiB.
    """

    def __init__(
        self,
        connection: Connection,
        statement: Statement,
        result_format: str,
        params: Mapping[str, str],
        *,
        in_blocks: bool,
        client_gone: Callable[[], bool],
        convert: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._read_end, self._write_end = os.pipe()
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with contextlib.suppress(OSError):  # a limit of the system for pipes: only slower
                fcntl.fcntl(self._read_end, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        self._connection = connection
        self._statement = statement
        self._format = result_format
        self._params = params
        self._client_gone = client_gone
        self._convert = convert
        self._mark = f"output-{secrets.token_hex(8)}"
        self._readable = select.poll()
        self._readable.register(self._read_end, select.POLLIN)
        self.error: ClickHouseError | None = None
        self.counts = Counts()
        run = self._write_blocks if in_blocks else self._write_all
        self._thread = threading.Thread(target=self._run, args=(run,), name="query", daemon=True)
        self._thread.start()

    def _run(self, run: Callable[[bytes], None]) -> None:
        try:
            run(f"/* {self._mark} */".encode())
        except ClickHouseError as error:
            self.error = error
        except BrokenPipeError:
            self.error = ClickHouseError(QUERY_WAS_CANCELLED, "Nobody reads the result.")
        except BaseException as error:
            # Whatever it is, it must not look like the end of a result.
            self.error = ClickHouseError.of_engine(error)
            raise
        finally:
            os.close(self._write_end)

    def _write_blocks(self, mark: bytes) -> None:
        sql = b"%b\n%b" % (self._statement.without_format, mark)
        with contextlib.closing(self._connection.stream(sql, self._format, self._params)) as blocks:
            for block, counts in blocks:
                self.counts += counts
                rest = memoryview(block)
                while rest:
                    rest = rest[os.write(self._write_end, rest) :]

    def _write_all(self, mark: bytes) -> None:
        clause = f"INTO OUTFILE '/dev/fd/{self._write_end}' APPEND FORMAT {self._format}".encode()
        sql = b"%b\n%b" % (self._statement.with_output(clause), mark)
        self.counts = counts_of(self._connection.execute(sql, params=self._params), "SELECT")

    def read(self) -> bytes:
        """The next bytes; b'' at the end, after which `error` and `counts` are final.

        Raises ClickHouseError when there are none yet, and nobody is left who waits for them.
        """
        while True:
            while not self.has_more(_LOOK_AFTER_CLIENT_S):
                if self._client_gone():
                    raise ClickHouseError(QUERY_WAS_CANCELLED, "The client has gone.")
            data = os.read(self._read_end, _PIPE_SIZE)
            if not data:
                self._thread.join()
                return b""
            if converted := self._convert(data) if self._convert else data:
                return converted

    def has_more(self, within_s: float) -> bool:
        """Whether there is something to read, or the end, in that time."""
        return bool(self._readable.poll(within_s * 1000))

    def close(self) -> None:
        """Stop reading, and the query with it. Returns when the connection is free."""
        os.close(self._read_end)
        self._thread.join(_GRACE_S)
        # The engine does not end a query whose output is a broken pipe: it computes on, for nobody. ASYNC, because a
        # cancelled query stays in the list of processes until its connection takes the next one or is closed.
        while self._thread.is_alive():
            with contextlib.closing(self._connection.sibling()) as killer, contextlib.suppress(ClickHouseError):
                head, tail = self._mark[:-4], self._mark[-4:]  # so that this statement is none of those it is about
                killer.execute(f"KILL QUERY WHERE position(query, concat('{head}', '{tail}')) > 0 ASYNC")
            self._thread.join(_GRACE_S)
