"""All connections of a worker: what they share, their deadlines, and how many there may be."""

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
"""From the connection, or from the first byte of a later request, to the end of the headers."""
UNREAD_WITHIN_S: Final = 30.0
"""How long a client may read nothing of its answer."""
END_WITHIN_S: Final = 5.0
"""How long a client may leave its side open after its last answer."""
SWEPT_AT_ONCE: Final = 20
"""When thousands expire together, other work gets its turn after this many."""
MAX_IDLE: Final = 4096
"""Idle connections that a worker keeps. When there are more, the one that has been idle longest is closed."""


class Connections:
    """Deadlines are as exact as `sweep` is called often."""

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
        """`enough` is called once, after `max_requests` answers; `state` is shared with the application."""
        self.loop = loop
        self.state = state
        self._app = app
        self._early_answer = early_answer_of(app)
        self._max_open = max_open
        self._max_idle = max_idle
        self._left = max_requests
        self._enough = enough
        self.stopping = False
        """From now on, every answer says that its connection is closed."""
        self.open: set[Connection] = set()
        self.exchanges: set[Exchange] = set()
        """What the application is working on, even if the client has gone."""
        self.heads = Waiting["Connection"](HEAD_WITHIN_S, lambda late: late.refuse(408))
        self.idle = Waiting["Connection"](keepalive_s, lambda late: late.end())
        self.skipped = Waiting["Connection"](body_within_s, lambda late: late.end())
        self.unread = Waiting["Connection"](UNREAD_WITHIN_S, lambda late: late.late_to_read())
        self.ending = Waiting["Connection"](END_WITHIN_S, lambda late: late.late_to_read())
        self._date = b""
        self.sweep()

    def sweep(self) -> bool:
        """Close connections that have waited too long; whether there may be more of them."""
        self._date = b"date: %b\r\n" % formatdate(usegmt=True).encode()
        now = self.loop.time()
        queues = (self.heads, self.idle, self.skipped, self.unread, self.ending)
        # The first that has more is enough to be called again at once.
        return any(queue.sweep(now, SWEPT_AT_ONCE) for queue in queues)

    def add(self, connection: Connection) -> None:
        """Admit a connection. When there are too many, a closing or idle one makes room, or else it is refused."""
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
        """Hand a request to the application."""
        self.exchanges.add(exchange)
        exchange.task = self.loop.create_task(exchange.run(self._app))

    def begin_answer(self) -> bytes:
        """Count an answer; the header that all of them have."""
        if self._left is not None:
            self._left -= 1
            if self._left <= 0 and not self.stopping:
                self.stopping = True
                self._enough()
        return self._date

    def early(self, status: int, origin: str | None) -> bytes:
        """The answer to a request that never reaches the application."""
        return write_early(self._early_answer, status, origin, self._date)

    @property
    def busy(self) -> bool:
        """Whether an answer is being made, or has not been sent completely."""
        return bool(self.exchanges) or any(connection.busy for connection in self.open)

    def end_idle(self) -> None:
        """Close connections without a request, and end answers that would never end by themselves."""
        for connection in list(self.open):
            connection.close_if_idle()
