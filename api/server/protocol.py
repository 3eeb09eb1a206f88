"""One connection: HTTP/1.1, one request at a time, with a deadline for everything that it waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from api.server.exchange import MAX_SKIPPED, WAKE_AT_BYTES, Exchange
from api.server.heads import RefusedError, find_origin
from api.server.reading import DamagedChunksError, Reader

if TYPE_CHECKING:
    from api.server.connections import Connections
    from api.server.heads import Request
    from api.server.waiting import Waiting

_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_HEAD, _BODY, _ANSWER, _END = range(4)
"""What a connection does: it reads a head, or waits for one; reads a body; waits for an answer; ends."""


class Connection(asyncio.Protocol):
    """Holds no more than a head within its limits, what is read at once (256 KiB), and the body that is being read."""

    def __init__(self, all_of_them: Connections) -> None:
        self._all = all_of_them
        self.loop = all_of_them.loop
        self._transport: asyncio.Transport
        self._addresses: tuple[tuple[str, int] | None, tuple[str, int] | None] = None, None
        self._reader = Reader()
        self._phase = _HEAD
        self._queue: Waiting[Connection] | None = None
        self._exchange: Exchange | None = None
        self._held = b""
        self._skipped = 0
        self._reading = True
        self._half_closed = False
        self._unsent = 0
        self.blocked = False
        """The client does not read fast enough."""
        self._unblocked: asyncio.Future[None] | None = None

    # From the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._addresses = (peer[:2] if peer else None, own[:2] if own else None)
        self._wait(self._all.heads)
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._phase = _END
        self._wait(None)
        self._all.open.discard(self)
        if self._exchange is not None:
            self._exchange.end(lost=True)
        self._unblock()

    def eof_received(self) -> bool:
        """Return whether an answer has yet to be written."""
        self._half_closed = True
        if self._exchange is None or self._exchange.answered or self._phase == _END:
            return False
        self._exchange.end()
        self._phase = _ANSWER
        return True

    def data_received(self, data: bytes) -> None:
        while data and self._phase < _ANSWER:
            if self._phase == _HEAD:
                self._read_head(data)
            else:
                self._read_body(data)
            data = self._reader.rest
        if not data:
            return
        if self._phase == _ANSWER:
            self._held += data
            self._read(on=False)
        else:
            self._skip(len(data))

    def pause_writing(self) -> None:
        self.blocked = True
        self._unsent = self._transport.get_write_buffer_size()
        if self._phase != _END:
            self._wait(self._all.unread)

    def resume_writing(self) -> None:
        self.blocked = False
        self._unblock()
        if self._phase != _END:
            self._wait(None)
            if self._exchange is not None and self._exchange.answered:
                self._go_on(self._exchange)

    def _unblock(self) -> None:
        if self._unblocked is not None and not self._unblocked.done():
            self._unblocked.set_result(None)

    # Reading

    def _read_head(self, data: bytes) -> None:
        try:
            request = self._reader.read_head(data)
        except RefusedError as error:
            self.refuse(error.status)
            return
        if request is not None:
            self._wait(None)
            self._begin(request)
        elif self._reader.in_head and self._queue is self._all.idle:
            self._wait(self._all.heads)

    def _begin(self, request: Request) -> None:
        client, server = self._addresses
        path = request.path.decode("ascii")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": request.version,
            "method": request.method,
            "scheme": "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": request.path,
            "query_string": request.query,
            "root_path": "",
            "headers": request.headers,
            "client": client,
            "server": server,
            "state": self._all.state.copy(),
        }
        exchange = Exchange(self, scope, request)
        self._exchange = exchange
        self._skipped = 0
        self._phase = _BODY
        if self._reader.complete:
            self._phase = _ANSWER
            exchange.finish()
        self._all.begin(exchange)

    def _read_body(self, data: bytes) -> None:
        exchange, reader = self._exchange, self._reader
        assert exchange is not None  # noqa: S101 - there is one in this phase
        try:
            exchange.feed(reader.read_body(data))
        except DamagedChunksError:
            # For the application, the body ends too early, and it answers accordingly.
            self._phase = _ANSWER
            exchange.end()
            if exchange.answered:
                self.end()
            return
        if reader.beyond:
            exchange.keep_alive = False
        if reader.complete:
            self._phase = _ANSWER
            exchange.finish()
            if exchange.answered:
                self._go_on(exchange)
        elif exchange.answered:
            self._skip(len(data))
        elif exchange.unread > WAKE_AT_BYTES:
            self._read(on=False)

    def _skip(self, size: int) -> None:
        self._skipped += size
        if self._skipped > MAX_SKIPPED:
            self.abort()

    def _read(self, *, on: bool) -> None:
        if on is not self._reading and not self._transport.is_closing():
            self._reading = on
            if on:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    # For the exchange

    def read_on(self) -> None:
        """The application has taken what was read of the body."""
        self._read(on=True)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    async def unblocked(self) -> None:
        """Wait until the client reads again, or is gone."""
        self._unblocked = self.loop.create_future()
        await self._unblocked

    def begin_answer(self) -> tuple[bytes, bool]:
        """Return the line with the Date header, and whether this answer must be the connection's last."""
        date = self._all.begin_answer()
        return date, self._all.stopping or self._half_closed

    def answered(self) -> None:
        """The answer has been written."""
        if self._exchange is not None and not self.blocked:
            self._go_on(self._exchange)

    def ran(self, exchange: Exchange) -> None:
        """The application has returned, and should have answered."""
        self._all.exchanges.discard(exchange)
        if exchange.answered or exchange.lost:
            return
        if exchange.started:
            self.abort()
        else:
            self.refuse(400 if exchange.ended else 500)

    # From one request to the next, and to the end

    def _go_on(self, exchange: Exchange) -> None:
        """Continue after an answer, once the client has read most of it."""
        if not exchange.keep_alive:
            self.end()
        elif self._phase == _BODY:
            # The rest of the body is read and discarded, so that another request can follow.
            self._wait(self._all.skipped)
            self._read(on=True)
        else:
            self._exchange = None
            self._phase = _HEAD
            # An idle connection holds no more than it must.
            self._reader.head = b""
            self._wait(self._all.idle)
            self._all.bound_idle()
            held, self._held = self._held, b""
            self._read(on=True)
            if held:
                self.data_received(held)

    def _wait(self, queue: Waiting[Connection] | None) -> None:
        if self._queue is not None:
            self._queue.leave(self)
        self._queue = queue
        if queue is not None:
            queue.enter(self, self.loop.time())

    def refuse(self, status: int) -> None:
        """Answer in place of the application, and close."""
        self.write(self._all.early(status, find_origin(self._reader.head)))
        self._reader.head = b""
        self.end()

    def end(self) -> None:
        """Write nothing more, and close when the client has closed its side, or after a while.

        If the connection were closed at once while the client is still sending, the client might lose the answer.
        """
        if self._phase == _END or self._transport.is_closing():
            return
        self._phase = _END
        self._held = b""
        self._skipped = 0
        self._unsent = self._transport.get_write_buffer_size()
        self._wait(self._all.ending)
        if self._half_closed:
            self._transport.close()
        else:
            self._read(on=True)
            self._transport.write_eof()

    def close_if_idle(self) -> None:
        """The worker stops: close if there is no request, and end an answer that would never end by itself."""
        if self._phase == _HEAD:
            self._phase = _END
            self._transport.close()
        elif self._exchange is not None and self._exchange.started and self._reader.complete:
            self._exchange.end()

    def late_to_read(self) -> None:
        """Give the client up, unless it has read something meanwhile."""
        unsent = self._transport.get_write_buffer_size()
        if unsent < self._unsent:
            self._unsent = unsent
            self._wait(self._all.ending if self._phase == _END else self._all.unread)
        else:
            self.abort()

    def abort(self) -> None:
        self._phase = _END
        self._wait(None)
        self._transport.abort()

    @property
    def busy(self) -> bool:
        """Whether an answer is being made, or has not been sent completely."""
        return self._phase in {_BODY, _ANSWER} or self._transport.get_write_buffer_size() > 0
