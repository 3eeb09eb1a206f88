"""Requests as fast as they are answered: each connection sends the next one when it has its answer."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, cast

import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class UnexpectedAnswerError(RuntimeError):
    """An answer that is no 202, or none at all."""


class Sender(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, done: asyncio.Future[None], go_on: Callable[[], bool]) -> None:
        """`done` gets the end; `go_on` is asked before every request."""
        self._request = request
        self._done = done
        self._go_on = go_on
        self._transport: asyncio.WriteTransport
        self._answer = b""
        self.answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head + b"\r\n")
        if not end or length is None or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 202 "):
            self._end(UnexpectedAnswerError(head.partition(b"\r\n")[0].decode("latin-1")))
            return
        self._answer = b""
        self.answered += 1
        if self._go_on():
            self._transport.write(self._request)
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or UnexpectedAnswerError("the connection was closed"))

    def _end(self, error: Exception | None) -> None:
        self._transport.close()
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


def send(port: int, request: bytes, connections: int, seconds: float) -> int:
    """Send for so long; return how many requests were answered with a 202. Raises `UnexpectedAnswerError`."""
    return uvloop.run(_send(port, request, connections, seconds))


async def _send(port: int, request: bytes, connections: int, seconds: float) -> int:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    ends: list[asyncio.Future[None]] = []
    senders: list[Sender] = []
    for _ in range(connections):
        done = loop.create_future()
        ends.append(done)
        _, sender = await loop.create_connection(
            lambda done=done: Sender(request, done, lambda: loop.time() < until),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        senders.append(sender)
    await asyncio.gather(*ends)
    return sum(sender.answered for sender in senders)
