"""gunicorn's HTTP protocol with a deadline for headers, and with problem documents for what is no HTTP request."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from gunicorn.asgi.protocol import ASGIProtocol, BodyReceiver

if TYPE_CHECKING:
    import asyncio

HEADERS_WITHIN_S: Final = 10.0
"""From the connection, or from the first byte of a following request, to the end of the headers."""

WAKE_AT_BYTES: Final = 64 * 1024
"""So much of a body is handed on before all of it is there."""

_DETAILS: Final = {
    400: "This is not a well-formed HTTP/1.1 request.",
    408: "The headers did not arrive in time.",
    414: "The request line is too long.",
    431: "The headers are too many, or too large.",
    500: "Something went wrong here; the event may not have been stored.",
}


class GatheredBody(BodyReceiver):  # type: ignore[misc]
    """A request's body in few pieces, however many the client sends it in.

    gunicorn wakes its reader for every piece, which for thousands of clients that send a byte at a time is most of what
    a worker does; the resources here read whole bodies anyway. Nothing waits for longer: a deadline ends the wait.
    """

    __slots__ = ("_gathered",)

    def __init__(self, request: Any, protocol: Any) -> None:
        super().__init__(request, protocol)
        self._gathered = 0

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._gathered += len(chunk)
        if self._gathered >= WAKE_AT_BYTES:
            self._wake_waiter()

    def _pop_chunk(self) -> dict[str, Any]:
        if len(self._chunks) > 1:
            self._chunks[:] = [b"".join(self._chunks)]
        self._gathered = 0
        event: dict[str, Any] = super()._pop_chunk()
        return event


class Protocol(ASGIProtocol):  # type: ignore[misc]
    """One connection. gunicorn stops its own timer for idle connections before it can fire; here one timer does it."""

    def __init__(self, worker: Any) -> None:
        super().__init__(worker)
        self._timer: asyncio.TimerHandle | None = None
        self._begun = True

    def connection_made(self, transport: Any) -> None:
        self._set_timer(HEADERS_WITHIN_S)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_timer(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._set_timer(HEADERS_WITHIN_S)
        super().data_received(data)

    def _on_headers_complete(self) -> bool:
        self._set_timer(None)
        skip_body: bool = super()._on_headers_complete()
        self._body_receiver = GatheredBody(self._current_request, self)
        return skip_body

    def _arm_keepalive_timer(self) -> None:
        """The answer is written, and the connection is kept open for another request."""
        self._begun = False
        self._set_timer(self.cfg.keepalive)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.worker.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if self._begun:
            self._send_error_response(408, "")
        self._close_transport()

    def _send_error_response(self, status: int, message: str) -> None:
        """Instead of gunicorn's plain text, which may quote what was sent."""
        del message
        title = HTTPStatus(status).phrase
        name = title.lower().replace(" ", "-")
        problem = {"type": f"urn:ugc:problem:{name}", "title": title, "status": status, "detail": _DETAILS[status]}
        body = msgspec.json.encode(problem)
        head = (
            f"HTTP/1.1 {status} {title}\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._safe_write(head.encode() + body)
