"""The answer to one query as a WSGI iterable: headers, chunks, compression, and errors in the middle of it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from local.clickhouse_server.compression import Encoder, chosen_encoding, encoder
from local.clickhouse_server.engine import Counts
from local.clickhouse_server.native_blocks import BlockEncoder
from local.clickhouse_server.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from tempfile import SpooledTemporaryFile

    from local.clickhouse_server.request import Request
    from local.clickhouse_server.statements import Statement

# A result up to this size is complete before its headers go out, so that an error still gets its status and the summary
# its numbers (ClickHouse's own buffer is as large). It stays in memory; what a client wants to have buffered beyond it
# (buffer_size, wait_end_of_query) goes to a file.
BUFFER_SIZE: Final = 1 << 20
_MAX_BUFFER_SIZE: Final = 4 << 30  # an endless query must not fill the disk: behind this the answer is streamed
_GATHERING_S: Final = 0.05  # so long a result may go on behind its first rows before they are sent
_MAX_EXCEPTION: Final = 15 << 10  # with the lines around it, a client looks for it in the last 16 KiB
_PLAIN_TEXT: Final = "text/plain; charset=UTF-8"
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


class StreamBrokenError(Exception):
    """A query failed after its headers had gone: the connection is closed so that the client notices."""


class Response:
    """The answer to a query: what is ready at once, then what still comes out of the engine, compressed on the way."""

    def __init__(
        self,
        request: Request,
        statement: Statement,
        body: Output | tuple[bytes, Counts],
        ready: SpooledTemporaryFile[bytes],
        headers: list[tuple[str, str]],
    ) -> None:
        self._output = body if isinstance(body, Output) else None
        first, self._counts = (b"", Counts()) if isinstance(body, Output) else body
        self._ready = ready
        self._ready.write(first)
        self.complete = self._output is None
        self._buffer_size, self._waits = _buffer_size(request)
        self._headers = headers
        self._is_head = request.method == "HEAD"
        self._tag = request.exception_tag
        self._format = statement.format or request.default_format or "TabSeparated"
        self._has_result = statement.has_result or bool(first)
        self._encoder, self._encoding = chosen_encoder(request)
        self._resources = contextlib.ExitStack()

    def fill(self) -> None:
        """Read the first part of the result. Raises ClickHouseError while the status can still be changed."""
        output, deadline = self._output, math.inf
        while output is not None and not self.complete and self._ready.tell() < self._buffer_size:
            if deadline < math.inf and not output.has_more(max(deadline - time.monotonic(), 0)):
                return
            data = output.read()
            if data:
                self._ready.write(data)
                if deadline == math.inf and not self._waits:
                    deadline = time.monotonic() + _GATHERING_S
                continue
            if output.error is not None:
                raise output.error
            self._counts, self.complete = output.counts, True

    def start(self, start_response: StartResponse) -> None:
        summary = {name: str(value) for name, value in msgspec.structs.asdict(self._counts).items()}
        self._headers.append(("X-ClickHouse-Summary", msgspec.json.encode(summary).decode()))
        content_type = _PLAIN_TEXT
        if self._has_result:
            self._headers.append(("X-ClickHouse-Format", self._format))
            content_type = _CONTENT_TYPES.get(self._format.upper(), _PLAIN_TEXT)
        self._headers.append(("Content-Type", content_type))
        if self._encoding:
            self._headers.append(("Content-Encoding", self._encoding))
        if self.complete and self._encoder is not None and self._ready.tell() <= BUFFER_SIZE:
            self._encode_ready(self._encoder)
        if self.complete and self._encoder is None:
            self._headers.append(("Content-Length", str(self._ready.tell())))
        self._ready.seek(0)
        start_response("200 OK", self._headers)

    def _encode_ready(self, encoder: Encoder) -> None:
        # The HTTP server keeps a connection open only when it knows the length of the answer.
        self._ready.seek(0)
        encoded = encoder.compress(self._ready.read()) + encoder.flush()
        self._ready.seek(0)
        self._ready.truncate()
        self._ready.write(encoded)
        self._encoder = None

    def __iter__(self) -> Iterator[bytes]:
        if self._is_head:
            return
        for data in self._pieces():
            piece = self._encoder.compress(data) if self._encoder else data
            if self._encoder and self._output is not None and not self._output.has_more(0):
                piece += self._encoder.sync()
            if piece:
                yield piece
        if self._encoder and (rest := self._encoder.flush()):
            yield rest
        if self._output is not None and self._output.error is not None:
            raise StreamBrokenError

    def _pieces(self) -> Iterator[bytes]:
        yield from iter(lambda: self._ready.read(BUFFER_SIZE), b"")
        while self._output is not None and not self.complete:
            data = self._output.read()
            if data:
                yield data
                continue
            self.complete = True
            if self._output.error is not None:
                yield self._exception(self._output.error.encode())

    def _exception(self, text: bytes) -> bytes:
        """How ClickHouse marks an error behind the beginning of a result, so that clients tell it from data."""
        message, tag = text[:_MAX_EXCEPTION] + b"\n", self._tag.encode()
        return b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n" % (tag, message, len(message), tag)

    def owns(self, resources: contextlib.ExitStack) -> None:
        """Take over what must be closed when the body is sent or the client is gone."""
        self._resources = resources

    def close(self) -> None:
        """Called by the WSGI server, whatever happened."""
        self._resources.close()


def _buffer_size(request: Request) -> tuple[int, bool]:
    """How much of a result must be there before the headers go out, and whether the client wants to wait for it."""
    if request.flag("wait_end_of_query") or request.flag("http_wait_end_of_query"):
        return _MAX_BUFFER_SIZE, True
    text = request.options.get("buffer_size") or request.settings.get("http_response_buffer_size", "")
    wanted = int(text) if text.isdecimal() else 0
    return min(max(BUFFER_SIZE, wanted), _MAX_BUFFER_SIZE), wanted > 0


def chosen_encoder(request: Request) -> tuple[Encoder | None, str]:
    """What packs the answer, and the name of the encoding when it is one of HTTP."""
    if request.flag("compress"):
        return BlockEncoder(), ""
    if not request.flag("enable_http_compression"):
        return None, ""
    encoding = chosen_encoding(request.headers.get("HTTP_ACCEPT_ENCODING", ""))
    level = request.settings.get("http_zlib_compression_level", "3")
    return (encoder(encoding, int(level) if level.isdecimal() else 3) if encoding else None), encoding
