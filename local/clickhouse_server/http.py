"""ClickHouse's HTTP interface as a WSGI application."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from local.clickhouse_server.compression import Encoder, chosen_encoding, encoder
from local.clickhouse_server.engine import Connection, Counts, Output, counts_of
from local.clickhouse_server.errors import READONLY, ClickHouseError
from local.clickhouse_server.inserts import insert_data
from local.clickhouse_server.request import Request, read_request
from local.clickhouse_server.sessions import Sessions, parse_timeout
from local.clickhouse_server.statements import Statement, parse

# A result up to this size is complete before its headers go out, so that an error still gets its status and the summary
# its numbers (ClickHouse's own buffer is as large).
_BUFFER_SIZE: Final = 1 << 20
_CONTENT_TYPES: Final = {
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWITHNAMES": "text/csv; charset=UTF-8; header=present",
    "CSVWITHNAMESANDTYPES": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCOMPACT": "application/json; charset=UTF-8",
    "JSONSTRINGS": "application/json; charset=UTF-8",
    "JSONCOMPACTSTRINGS": "application/json; charset=UTF-8",
    "JSONCOLUMNS": "application/json; charset=UTF-8",
    "JSONEACHROW": "application/x-ndjson; charset=UTF-8",
    "JSONCOMPACTEACHROW": "application/x-ndjson; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "NATIVE": "application/octet-stream",
    "ROWBINARY": "application/octet-stream",
    "ROWBINARYWITHNAMESANDTYPES": "application/octet-stream",
    "PARQUET": "application/octet-stream",
    "ARROW": "application/octet-stream",
    "ARROWSTREAM": "application/octet-stream",
    "TABSEPARATED": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TABSEPARATEDWITHNAMES": "text/tab-separated-values; charset=UTF-8",
    "TSVWITHNAMES": "text/tab-separated-values; charset=UTF-8",
}
_StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class StreamBroken(Exception):  # noqa: N818 - it ends a response, it is no error of this server
    """A query failed after its headers had gone: the connection is closed so that the client notices."""


class Application:
    """The WSGI callable. One connection of the engine for each request, or the session's."""

    def __init__(self, connect: Callable[[], Connection], sessions: Sessions, incoming: str) -> None:
        self._connect = connect
        self._sessions = sessions
        self._incoming = incoming
        self._server_name = platform.node() or "localhost"

    def __call__(self, environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO") or "/"
        if method == "OPTIONS":
            start_response("204 No Content", [("Allow", "GET, HEAD, POST, OPTIONS")])
            return []
        if method not in {"GET", "HEAD", "POST"}:
            return _text(start_response, "501 Not Implemented", b"", [])
        if path == "/" and method != "POST" and not environ.get("QUERY_STRING"):
            return _text(start_response, "200 OK", b"Ok.\n", [("Content-Type", "text/html; charset=UTF-8")])
        if path in {"/ping", "/replicas_status"}:
            return _text(start_response, "200 OK", b"Ok.\n", [("Content-Type", "text/html; charset=UTF-8")])
        if path not in {"/", "/query"}:
            message = f"There is no handle {path}\n\nUse / or /ping for health checks.\nSend queries from your program with POST method or GET /?query=...\n"
            return _text(
                start_response, "404 Not Found", message.encode(), [("Content-Type", "text/plain; charset=UTF-8")]
            )
        return self._answer(read_request(environ), start_response)

    def _answer(self, request: Request, start_response: _StartResponse) -> Iterable[bytes]:
        headers = [
            ("X-ClickHouse-Server-Display-Name", self._server_name),
            ("X-ClickHouse-Query-Id", request.query_id),
            ("X-ClickHouse-Timezone", request.settings.get("session_timezone") or "UTC"),
        ]
        resources = contextlib.ExitStack()
        try:
            with resources:
                statement, body = self._prepare(request, resources)
                response = _Response(request, statement, body, headers)
                response.fill()
                response.start(start_response)
                # From here on the response owns the connection: WSGI closes it when the body is sent or the client is gone.
                response.resources = resources.pop_all()
                return response
        except ClickHouseError as error:
            return _error(start_response, error, headers)

    def _prepare(
        self, request: Request, resources: contextlib.ExitStack
    ) -> tuple[Statement, Output | tuple[bytes, Counts]]:
        source = request.input()
        statement = parse(source.head)
        if statement.data_start is None and len(source.head) < len(whole := source.read_all()):
            statement = parse(whole)
        if request.reads_only and not statement.only_reads:
            message = "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries."
            raise ClickHouseError(READONLY, message)
        connection = resources.enter_context(self._connection(request))
        result_format = statement.format or request.default_format or "TabSeparated"
        if statement.data_start is not None:
            counts = insert_data(connection, statement, source.data(statement.data_start), request, self._incoming)
            return statement, (b"", counts)
        if statement.kind == "SELECT":
            output = Output(connection, statement, result_format, request.params)
            resources.callback(output.close)
            return statement, output
        result = connection.execute(statement.sql, result_format, request.params)
        return statement, (bytes(result.bytes()), counts_of(result, statement.kind))

    @contextlib.contextmanager
    def _connection(self, request: Request) -> Iterator[Connection]:
        session_id = request.options.get("session_id")
        with contextlib.ExitStack() as stack:
            if session_id:
                timeout_s = parse_timeout(request.options.get("session_timeout"))
                if request.flag("close_session"):
                    stack.callback(self._sessions.end, session_id)
                use = self._sessions.use(session_id, timeout_s, must_exist=request.flag("session_check"))
                connection = stack.enter_context(use)
                if request.settings or request.database:
                    stack.enter_context(connection.restored([*request.settings]))
            else:
                connection = self._connect()
                stack.callback(connection.close)
            connection.set(request.settings)
            if request.database:
                connection.use(request.database)
            yield connection


class _Response:
    """The body of an answer: what is ready at once, and then what still comes out of the engine, compressed on the way."""

    def __init__(
        self,
        request: Request,
        statement: Statement,
        body: Output | tuple[bytes, Counts],
        headers: list[tuple[str, str]],
    ) -> None:
        self._output = body if isinstance(body, Output) else None
        ready, self._counts = (b"", Counts()) if isinstance(body, Output) else body
        self._ready = [ready] if ready else []
        self._complete = self._output is None
        self._whole = request.flag("wait_end_of_query")
        self._headers = headers
        self._is_head = request.method == "HEAD"
        self._format = statement.format or request.default_format or "TabSeparated"
        self._says_format = statement.kind != "INSERT"
        self._encoder, self._encoding = _encoder(request)
        self.resources = contextlib.ExitStack()

    def fill(self) -> None:
        """Read the first part of the result. Raises ClickHouseError while the status can still be changed."""
        size = 0
        while self._output is not None and not self._complete and (size < _BUFFER_SIZE or self._whole):
            data = self._output.read()
            if data:
                self._ready.append(data)
                size += len(data)
                continue
            if self._output.error is not None:
                raise self._output.error
            self._counts, self._complete = self._output.counts, True

    def start(self, start_response: _StartResponse) -> None:
        summary = {name: str(value) for name, value in msgspec.structs.asdict(self._counts).items()}
        self._headers.append(("X-ClickHouse-Summary", msgspec.json.encode(summary).decode()))
        content_type = _CONTENT_TYPES.get(self._format.upper(), "text/plain; charset=UTF-8")
        if self._says_format:
            self._headers += [("X-ClickHouse-Format", self._format), ("Content-Type", content_type)]
        if self._encoding:
            self._headers.append(("Content-Encoding", self._encoding))
        if self._complete and self._encoder is None:
            self._headers.append(("Content-Length", str(sum(map(len, self._ready)))))
        start_response("200 OK", self._headers)

    def __iter__(self) -> Iterator[bytes]:
        if self._is_head:
            return
        for data in self._pieces():
            if piece := self._encoder.compress(data) if self._encoder else data:
                yield piece
        if self._encoder:
            yield self._encoder.flush()
        if self._output is not None and self._output.error is not None:
            raise StreamBroken

    def _pieces(self) -> Iterator[bytes]:
        while self._ready:
            yield self._ready.pop(0)
        while self._output is not None and not self._complete:
            data = self._output.read()
            if data:
                yield data
                continue
            self._complete = True
            if self._output.error is not None:
                yield f"{self._output.error}\n".encode()

    def close(self) -> None:
        self.resources.close()


def _encoder(request: Request) -> tuple[Encoder | None, str]:
    accepted = request.headers.get("HTTP_ACCEPT_ENCODING", "")
    if request.settings.get("enable_http_compression", "0") in {"0", "false"}:
        return None, ""
    encoding = chosen_encoding(accepted)
    level = request.settings.get("http_zlib_compression_level", "3")
    return (encoder(encoding, int(level) if level.isdecimal() else 3) if encoding else None), encoding


def _error(start_response: _StartResponse, error: ClickHouseError, headers: list[tuple[str, str]]) -> list[bytes]:
    headers += [("X-ClickHouse-Exception-Code", str(error.code)), ("Content-Type", "text/plain; charset=UTF-8")]
    return _text(start_response, error.status, f"{error}\n".encode("utf-8", "replace"), headers)


def _text(start_response: _StartResponse, status: str, body: bytes, headers: list[tuple[str, str]]) -> list[bytes]:
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]
