"""One request and its answer, as ASGI has them."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from api.server.deadlines import WHOLE_BODY

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from api.server.heads import Request
    from api.server.protocol import Connection

    Message = dict[str, Any]
    App = Callable[[dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any]

WAKE_AT_BYTES: Final = 64 * 1024
"""A body is handed on in pieces of this size, and at its end."""

MAX_SKIPPED: Final = 8 * 1024 * 1024
"""How much a client may still send after its answer. It is read and discarded: if the connection were closed at once, a
client that is still writing might not see the answer."""

_WHOLE_BODY: Final[dict[str, Any]] = {WHOLE_BODY: {}}
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_NOTHING_YET: Final[Message] = {"type": "http.request", "body": b"", "more_body": True}
_DISCONNECT: Final[Message] = {"type": "http.disconnect"}
_STATUS_LINES: Final = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in HTTPStatus}
_WITHOUT_BODY: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

_log = logging.getLogger(__name__)


class AnswerError(RuntimeError):
    """The application broke the rules of ASGI, or those of HTTP."""


class Exchange:
    """Gathers the body, so that its reader is woken a few times only, however small the pieces are.

    For thousands of clients that send a byte at a time, waking it for each byte would be most of a worker's work.
    """

    __slots__ = (
        "_asked_before",
        "_body",
        "_connection",
        "_expected",
        "_given",
        "_left",
        "_skippable",
        "_start",
        "_waiter",
        "answered",
        "complete",
        "ended",
        "keep_alive",
        "lost",
        "scope",
        "started",
        "task",
    )

    def __init__(self, connection: Connection, scope: dict[str, Any], request: Request) -> None:
        self.scope = scope
        self.keep_alive = request.keep_alive
        self.complete = False
        """The whole body has come."""
        self.ended = False
        """Nothing more comes from the client."""
        self.lost = False
        """Nobody can read an answer any more."""
        self.started = False
        self.answered = False
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._expected = request.expects
        # The rest of such a body can be discarded, so that a request after it can be answered.
        self._skippable = request.length is not None and request.length <= MAX_SKIPPED
        self._asked_before = False
        self._given = False
        self._body: bytes | bytearray = b""
        self._waiter: asyncio.Future[None] | None = None
        self._start: Message = {}
        # What is missing of the announced length; None in chunks, or until the connection ends.
        self._left: int | None = 0

    async def run(self, app: App) -> None:
        """Run the application; its connection makes sure that there is an answer."""
        if self.complete:
            self.scope["extensions"] = _WHOLE_BODY
        try:
            await app(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - the connection answers a 500
            # Where and of what kind, but without its message, which may quote what somebody sent.
            fields = {"error": type(error).__name__, "where": "".join(traceback.format_tb(error.__traceback__))}
            _log.error("the application raised", extra={"fields": fields})
        finally:
            self._connection.ran(self)

    # From the connection

    @property
    def unread(self) -> int:
        """Bytes of the body that wait for their reader."""
        return len(self._body)

    def feed(self, piece: bytes) -> None:
        self._expected = False
        if self.answered:
            return
        if self._body:
            self._body = self._body if isinstance(self._body, bytearray) else bytearray(self._body)
            self._body += piece
        else:
            self._body = piece
        if len(self._body) >= WAKE_AT_BYTES:
            self._wake()

    def finish(self) -> None:
        self.complete = True
        self._wake()

    def end(self, *, lost: bool = False) -> None:
        """The client sends nothing more; if it is `lost`, it cannot be answered either."""
        self.ended = True
        self.lost = self.lost or lost
        self.keep_alive = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # For the application

    async def receive(self) -> Message:
        first, self._asked_before = not self._asked_before, True
        if first and not self.complete:
            # Falcon asks once before any check can refuse the request. Only the second call wants the body.
            return _NOTHING_YET
        if self._expected:
            self._expected = False
            self._connection.write(_CONTINUE)
        while not (self.ended or self.answered or (self.complete and not self._given) or self._has_piece()):
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        if self._given or self.answered or (self.ended and not self.complete):
            return _DISCONNECT
        body, self._body = bytes(self._body), b""
        self._given = self.complete
        if not self.complete:
            self._connection.read_on()
        return {"type": "http.request", "body": body, "more_body": not self.complete}

    def _has_piece(self) -> bool:
        return len(self._body) >= WAKE_AT_BYTES

    async def send(self, message: Message) -> None:
        """Raises `AnswerError`, and `ValueError` for a header with a line break."""
        if self._connection.blocked and not self.lost:
            await self._connection.unblocked()
        if self.lost:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self._start:
            # Written with the first piece of the body.
            self._start = message
            return
        if kind != "http.response.body" or not self._start or self.answered:
            raise AnswerError(kind)
        body, more = message.get("body", b""), message.get("more_body", False)
        head = b"" if self.started else self._first(body, more)
        self._connection.write(head + self._framed(body, more))
        if not more:
            if self._left:
                raise AnswerError("the body is shorter than its length")
            self.answered = True
            self._wake()
            self._connection.answered()

    def _first(self, body: bytes, more: bool) -> bytes:  # noqa: FBT001 - ASGI's own
        status = self._start["status"]
        date, last = self._connection.begin_answer()
        lines = [_STATUS_LINES[status], date]
        length: int | None = None
        keep_alive = self.keep_alive and not last and (self.complete or (self._skippable and not self._expected))
        for name, value in self._start.get("headers", ()):
            if name == b"connection":
                keep_alive = keep_alive and b"close" not in value.lower()
                continue
            if name == b"content-length":
                length = int(value)
            lines.append(b"%b: %b\r\n" % (name, value))
        without_body = self.scope["method"] == "HEAD" or status in _WITHOUT_BODY
        if without_body:
            self._left = 0
        elif length is not None or not more:
            self._left = len(body) if length is None else length
            if length is None:
                lines.append(b"content-length: %d\r\n" % self._left)
        else:
            self._left = None
            if self.scope["http_version"] == "1.1":
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                keep_alive = False
        if not keep_alive:
            lines.append(b"connection: close\r\n")
        self.keep_alive = keep_alive
        lines.append(b"\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header holds a line break")
        self.started = True
        return head

    def _framed(self, body: bytes, more: bool) -> bytes:  # noqa: FBT001 - ASGI's own
        if self.scope["method"] == "HEAD":
            return b""
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0:
                raise AnswerError("the body is longer than its length")
            return body
        if self.scope["http_version"] != "1.1":
            return body
        chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
        return chunk if more else chunk + b"0\r\n\r\n"
