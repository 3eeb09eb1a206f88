"""Reads requests from the bytes of a connection, one at a time, with the parser of httptools (llhttp, in C)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from httptools import HttpParserError, HttpRequestParser

from api.server.heads import MAX_LINE, RefusedError, check_pending, read_head, without_upgrade

if TYPE_CHECKING:
    from api.server.heads import Request

MAX_FRAMING: Final = 64 * 1024
"""Bytes of a chunked body that are not data: sizes, extensions, trailers. Each line is limited like a header."""

_HEAD_ENDS: Final = b"\r\n\r\n"
_LINE_BREAKS: Final = b"\r\n"
_NO_CALLBACKS: Final = object()


class DamagedChunksError(Exception):
    """The rest of a chunked body cannot be read."""


class Reader:
    """First `read_head` until it returns a request, then `read_body` until the body is `complete`, and so on.

    The parser gets every byte, up to the end of each request, and refuses whatever is not HTTP. Only the parser knows
    where a chunked body ends.
    """

    def __init__(self) -> None:
        self._parser = HttpRequestParser(_NO_CALLBACKS)
        self._chunks: _Chunks | None = None
        self._remaining = 0
        self.in_head = False
        """A head has begun and has not ended yet."""
        self.head: bytes | bytearray = b""
        """The latest head, as far as it has come."""
        self.rest = b""
        """Bytes after the end of the head or body that was read."""
        self.complete = True
        """The whole body has come."""

    def read_head(self, data: bytes) -> Request | None:
        """Return the request once its head is complete. Raises `RefusedError`."""
        seen = 0
        if self.in_head:
            seen = len(self.head)
            self.head = self.head if isinstance(self.head, bytearray) else bytearray(self.head)
            self.head += data
        else:
            # Some clients send an empty line between two requests (RFC 9112, 2.2).
            self.head = data = data.lstrip(_LINE_BREAKS) if data[0] in _LINE_BREAKS else data
            self.in_head = bool(data)
        end = self.head.find(_HEAD_ENDS, max(0, seen - len(_HEAD_ENDS)))
        if end < 0:
            self.rest = b""
            check_pending(self.head)
            _check(self._parser, data)
            return None
        end += len(_HEAD_ENDS)
        self.head = head = bytes(self.head[:end])
        self.rest = data[end - seen :]
        request = read_head(head)
        self._chunks = None
        if request.length is None:
            self._parser = HttpRequestParser(_NO_CALLBACKS)
            self._chunks = _Chunks()
            _check(self._chunks.parser, without_upgrade(head))
        elif request.upgrade:
            # After a request for another protocol, the parser would not read the body.
            self._parser = HttpRequestParser(_NO_CALLBACKS)
            _check(self._parser, without_upgrade(head))
        else:
            _check(self._parser, data[: end - seen])
        self.in_head = False
        self._remaining = request.length or 0
        self.complete = request.length == 0
        return request

    def read_body(self, data: bytes) -> bytes:
        """Return what of this belongs to the body. Raises `DamagedChunksError`."""
        if self._chunks is not None:
            self.rest = b""
            body = self._chunks.read(data)
            self.complete = self._chunks.complete
            return body
        remaining = self._remaining
        if len(data) > remaining:
            data, self.rest = data[:remaining], data[remaining:]
        else:
            self.rest = b""
        self._remaining = remaining = remaining - len(data)
        self.complete = not remaining
        self._parser.feed_data(data)
        return data

    @property
    def beyond(self) -> bool:
        """Whether bytes came in one piece with the end of a chunked body. They are lost, and the reader is done."""
        return self._chunks is not None and self._chunks.beyond


def _check(parser: HttpRequestParser, head: bytes) -> None:
    try:
        parser.feed_data(head)
    except HttpParserError as error:
        raise RefusedError(400) from error


class _Chunks:
    """One chunked body, read with a parser of its own."""

    def __init__(self) -> None:
        self.parser = HttpRequestParser(self)
        self.complete = False
        self.beyond = False
        self._pieces: list[bytes] = []
        self._framing = 0
        self._line = 0
        self._in_data = False

    def read(self, data: bytes) -> bytes:
        try:
            self.parser.feed_data(data)
        except HttpParserError as error:
            if not self.complete:
                raise DamagedChunksError from error
        body = b"".join(self._pieces)
        self._pieces.clear()
        self._framing += len(data) - len(body)
        line_begins = data.rfind(b"\n") + 1
        if self._in_data:
            self._line = 0
        else:
            self._line = len(data) - line_begins + (0 if line_begins else self._line)
        if not self.complete and (self._framing > MAX_FRAMING or self._line > MAX_LINE):
            raise DamagedChunksError
        return body

    # The parser calls these

    def on_message_begin(self) -> None:
        if self.complete:
            self.beyond = True
            raise DamagedChunksError

    def on_chunk_header(self) -> None:
        self._in_data = False

    def on_body(self, piece: bytes) -> None:
        self._in_data = True
        self._pieces.append(piece)

    def on_chunk_complete(self) -> None:
        self._in_data = False

    def on_message_complete(self) -> None:
        self.complete = True
