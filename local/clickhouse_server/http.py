"""ClickHouse's HTTP interface as a WSGI application."""

from __future__ import annotations

import contextlib
import platform
import tempfile
import traceback
from typing import TYPE_CHECKING, Any, Final

from local.clickhouse_server.engine import Connection, Counts, checked_format, counts_of
from local.clickhouse_server.errors import (
    INVALID_SESSION_TIMEOUT,
    READONLY,
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    ClickHouseError,
)
from local.clickhouse_server.external_tables import filled, saved
from local.clickhouse_server.inserts import insert_data
from local.clickhouse_server.kill import marked, with_engine_ids
from local.clickhouse_server.native_protocol import NativeBlocks, columns_of_result, columns_of_select
from local.clickhouse_server.output import Output, comes_in_blocks
from local.clickhouse_server.request import Request, read_request
from local.clickhouse_server.response import BUFFER_SIZE, Response, StartResponse, chosen_encoder
from local.clickhouse_server.sessions import Sessions, parse_timeout
from local.clickhouse_server.statements import Statement, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.clickhouse_server.access.reach import Judge
    from local.clickhouse_server.places import Places

_NO_HANDLE: Final = """Use / or /ping for health checks.
Send queries from your program with POST method or GET /?query=..."""
_ERRORS_OF_SESSIONS: Final = frozenset(
    code for _, code in (SESSION_NOT_FOUND, SESSION_IS_LOCKED, INVALID_SESSION_TIMEOUT)
)
_GET_IS_READONLY: Final = (
    "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
    "You should use method POST for modifying queries."
)


class Application:
    """The WSGI callable. One connection of the engine for each request, or the session's."""

    def __init__(self, connect: Callable[[], Connection], sessions: Sessions, places: Places, incoming: str) -> None:
        self._connect = connect
        self._sessions = sessions
        self._places = places
        self.judge: Judge | None = None
        """Says which statements are refused, when some are."""
        self._incoming = incoming
        self._server_name = platform.node() or "localhost"

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self._handle(environ, start_response)
        # Of the answers to HEAD, waitress sends the body as well.
        return [] if environ["REQUEST_METHOD"] == "HEAD" and isinstance(answer, list) else answer

    def _handle(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
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
            message = f"There is no handle {path}\n\n{_NO_HANDLE}\n"
            plain = [("Content-Type", "text/plain; charset=UTF-8")]
            return _text(start_response, "404 Not Found", message.encode("latin-1"), plain)
        return self._answer(read_request(environ), start_response)

    def _answer(self, request: Request, start_response: StartResponse) -> Iterable[bytes]:
        kept = contextlib.ExitStack()
        try:
            with kept:
                # Held until the answer is sent: a client that reads slowly has a thread as well.
                kept.enter_context(self._places.take(kept=request.is_own or request.looks_after_others))
                with contextlib.ExitStack() as resources:
                    request = request.with_form(lambda data: saved(data, self._incoming, resources))
                    statement, body = self._prepare(request, resources)
                    ready = kept.enter_context(tempfile.SpooledTemporaryFile(BUFFER_SIZE, dir=self._incoming))
                    response = Response(request, statement, body, ready, self._headers(request))
                    response.fill()
                    # A result that is complete needs the engine no more: a session is free, and what was made for the
                    # query is gone, before the client has its answer and may ask again.
                    if not response.complete:
                        kept.enter_context(resources.pop_all())
                response.start(start_response)
                response.owns(kept.pop_all())
                return response
        except ClickHouseError as error:
            return self._error(start_response, request, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no empty answer
            traceback.print_exception(error)
            return self._error(start_response, request, ClickHouseError.of_engine(error))

    def _error(self, start_response: StartResponse, request: Request, error: ClickHouseError) -> list[bytes]:
        body, headers = error.encode() + b"\n", self._headers(request)
        headers += [("X-ClickHouse-Exception-Code", str(error.code)), ("Content-Type", "text/plain; charset=UTF-8")]
        encoder, encoding = chosen_encoder(request)
        # As in a server, sessions are looked after before anything is known of the answer's encoding.
        if encoder is not None and error.code not in _ERRORS_OF_SESSIONS:
            body = encoder.compress(body) + encoder.flush()
            headers += [("Content-Encoding", encoding)] if encoding else []
        return _text(start_response, error.status, body, headers)

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        zone = request.settings.get("session_timezone", "")
        if not (zone and zone.isascii() and zone.isprintable()):  # what no header can hold, the engine refuses as well
            zone = "UTC"
        return [
            ("X-ClickHouse-Server-Display-Name", self._server_name),
            ("X-ClickHouse-Query-Id", request.query_id),
            ("X-ClickHouse-Exception-Tag", request.exception_tag),
            ("X-ClickHouse-Timezone", zone),
        ]

    def _prepare(
        self, request: Request, resources: contextlib.ExitStack
    ) -> tuple[Statement, Output | tuple[bytes, Counts]]:
        source = request.input()
        statement = parse(source.head)
        if statement.data_start is None and len(source.head) < len(whole := source.read_all()):
            statement = parse(whole)
        if request.reads_only and not statement.only_reads:
            raise ClickHouseError(READONLY, _GET_IS_READONLY)
        if self.judge is not None:
            self.judge.check(statement.whole, request.params.values())
        connection = resources.enter_context(self._connection(request))
        resources.enter_context(filled(connection, request.tables))
        result_format = checked_format(statement.format or request.default_format or "TabSeparated")
        if statement.data_start is not None:
            counts = insert_data(connection, statement, source.data(statement.data_start), request, self._incoming)
            return statement, (b"", counts)
        revision = request.revision if result_format.lower() == "native" else 0
        if statement.kind == "SELECT":
            output = _output(connection, statement, result_format, request, revision)
            resources.callback(output.close)
            return statement, output
        sql, params = statement.sql, request.params
        if statement.is_report and revision:
            columns = columns_of_result(connection, statement.without_format, params)
            result = connection.execute(statement.without_format, "Buffers", params)
            body = NativeBlocks(columns, revision).convert(bytes(result.bytes()))
            return statement, (body, counts_of(result, statement.kind))
        if statement.kind == "KILL":
            sql, params = with_engine_ids(connection, statement, params)
        result = connection.execute(sql, result_format, params)
        return statement, (bytes(result.bytes()), counts_of(result, statement.kind))

    @contextlib.contextmanager
    def _connection(self, request: Request) -> Iterator[Connection]:
        session_id = request.options.get("session_id")
        with contextlib.ExitStack() as stack:
            if session_id:
                timeout_s = parse_timeout(request.options.get("session_timeout"))
                must_exist, ends = request.flag("session_check"), request.flag("close_session")
                use = self._sessions.use(session_id, timeout_s, must_exist=must_exist, ends=ends)
                connection = stack.enter_context(use)
                if request.settings or request.database:
                    stack.enter_context(connection.restored([*request.settings]))
            else:
                connection = self._connect()
                stack.callback(connection.close)
            try:
                connection.set(
                    {**request.settings, **marked(request.settings.get("log_comment", ""), request.query_id)}
                )
            except ClickHouseError as error:
                # A session that is readonly takes no settings, and still answers.
                if request.settings or error.code != READONLY[1]:
                    raise
            if request.database:
                connection.use(request.database)
            yield connection


def _output(
    connection: Connection, statement: Statement, result_format: str, request: Request, revision: int
) -> Output:
    """Start a SELECT."""
    convert = None
    if revision:
        columns = columns_of_select(connection, statement, request.params)
        result_format, convert = "Buffers", NativeBlocks(columns, revision).convert
    changed = connection.changed_settings() if request.options.get("session_id") else [*request.settings]
    return Output(
        connection,
        statement,
        result_format,
        request.params,
        in_blocks=comes_in_blocks(result_format, statement.sql, changed),
        client_gone=request.client_gone,
        convert=convert,
    )


def _text(start_response: StartResponse, status: str, body: bytes, headers: list[tuple[str, str]]) -> list[bytes]:
    start_response(status, [*headers, ("Content-Length", str(len(body)))])
    return [body]
