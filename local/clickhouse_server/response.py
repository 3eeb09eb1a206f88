"""The answer to one query as a WSGI iterable: headers, chunks, compression, and errors in the middle of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from local.clickhouse_server.compression import Encoder, chosen_encoding, encoder
from local.clickhouse_server.engine import Counts, Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.clickhouse_server.request import Request
    from local.clickhouse_server.statements import Statement

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
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class StreamBroken(Exception):  # noqa: N818 - it ends a response, it is no error of this server
    """A query failed after its headers had gone: the connection is closed so that the client notices."""


class Response:
    """The answer to a query: what is ready at once, then what still comes out of the engine, compressed on the way."""

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
        self._resources = contextlib.ExitStack()

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

    def start(self, start_response: StartResponse) -> None:
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

    def owns(self, resources: contextlib.ExitStack) -> None:
        """Take over what must be closed when the body is sent or the client is gone."""
        self._resources = resources

    def close(self) -> None:
        """Called by the WSGI server, whatever happened."""
        self._resources.close()


def _encoder(request: Request) -> tuple[Encoder | None, str]:
    accepted = request.headers.get("HTTP_ACCEPT_ENCODING", "")
    if request.settings.get("enable_http_compression", "0") in {"0", "false"}:
        return None, ""
    encoding = chosen_encoding(accepted)
    level = request.settings.get("http_zlib_compression_level", "3")
    return (encoder(encoding, int(level) if level.isdecimal() else 3) if encoding else None), encoding
