"""All connections of a worker: what they share, how long each may wait for what, and how many there may be."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

from api.server.early import early_answer_of, write_early
from api.server.waiting import Waiting

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from api.server.exchange import App, Exchange
    from api.server.protocol import Connection

HEAD_WITHIN_S: Final = 10.0
"""From the connection, or from the first byte of a following request, to the end of the headers."""
UNREAD_WITHIN_S: Final = 30.0
"""A client that reads nothing of its answer for so long is given up."""
END_WITHIN_S: Final = 5.0
"""A client that does not close its side for so long after its last answer is given up."""
MAX_IDLE: Final = 4096
"""Connections of one worker on which nothing happens. When there are more, the one that is idle for longest ends."""


class Connections:
    """`sweep` is to be called now and then: deadlines are that exact."""

    def __init__(
        self,
        app: App,
        state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        *,
        keepalive_s: float,
        body_within_s: float,
        max_open: int,
        max_idle: int = MAX_IDLE,
        max_requests: int | None,
        enough: Callable[[], None],
    ) -> None:
        """After `max_requests`, or one more for each connection, `enough` is called. `state` is the application's."""
        self.loop = loop
        self.state = state
        self._app = app
        self._early_answer = early_answer_of(app)
        self._max_open = max_open
        self._max_idle = max_idle
        self._left = max_requests
        self._enough = enough
        self.stopping = False
        """Every answer says from now on that its connection ends."""
        self.open: set[Connection] = set()
        self.exchanges: set[Exchange] = set()
        """What the application is at work on, also for clients that have gone."""
        self.heads = Waiting["Connection"](HEAD_WITHIN_S, lambda late: late.refuse(408))
        self.idle = Waiting["Connection"](keepalive_s, lambda late: late.end())
        self.skipped = Waiting["Connection"](body_within_s, lambda late: late.end())
        self.unread = Waiting["Connection"](UNREAD_WITHIN_S, lambda late: late.late_to_read())
        self.ending = Waiting["Connection"](END_WITHIN_S, lambda late: late.late_to_read())
        self._date = b""
        self.sweep()

    def sweep(self) -> None:
        """End what waited too long, and look at the clock."""
        self._date = b"date: %b\r\n" % formatdate(usegmt=True).encode()
        now = self.loop.time()
        for waiting in (self.heads, self.idle, self.skipped, self.unread, self.ending):
            waiting.sweep(now)

    def add(self, connection: Connection) -> None:
        """Take a connection in: at the cost of one that has its last answer or is idle, or else it is refused."""
        self.open.add(connection)
        if len(self.open) <= self._max_open:
            return
        for waiting in (self.ending, self.idle):
            if waiting:
                waiting.longest().abort()
                return
        connection.refuse(503)

    def bound_idle(self) -> None:
        if len(self.idle) > self._max_idle:
            self.idle.longest().end()

    def begin(self, exchange: Exchange) -> None:
        """Let the application answer."""
        self.exchanges.add(exchange)
        exchange.task = self.loop.create_task(exchange.run(self._app))

    def begin_answer(self) -> bytes:
        """Count an answer; return the header that all of them have."""
        if self._left is not None:
            self._left -= 1
            if self._left <= 0 and not self.stopping:
                self.stopping = True
                self._enough()
        return self._date

    def early(self, status: int, origin: str | None) -> bytes:
        """An answer to what the application never sees."""
        return write_early(self._early_answer, status, origin, self._date)

    @property
    def busy(self) -> bool:
        """Whether the application is at work, or something that was written is not sent yet."""
        return bool(self.exchanges) or any(connection.busy for connection in self.open)

    def end_idle(self) -> None:
        """End those on which no request is under way, and the answers that have no end of their own."""
        for connection in list(self.open):
            connection.close_if_idle()
