"""Joins single events of one worker, sent within a few milliseconds, into one Kafka message.

ClickHouse pays a large fixed price for every message, so one event a message would halve what it can take in. Every
request still waits for the acknowledgement of the message that carries its event.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from api.sink.interface import SinkError, SinkUnavailableError

if TYPE_CHECKING:
    from api.sink.interface import Sink

JOIN_FOR_S: Final = 0.002
JOIN_UP_TO_BYTES: Final = 256 * 1024


class Joiner:
    """Collects lines and sends them as one message; if it fails, it fails for all of them."""

    def __init__(self, sink: Sink, *, join_for_s: float = JOIN_FOR_S, join_up_to: int = JOIN_UP_TO_BYTES) -> None:
        """`join_for_s` is how long the first line may wait for others, in seconds; `join_up_to` is in bytes."""
        self._sink = sink
        self._join_for_s = join_for_s
        self._join_up_to = join_up_to
        self._lines: list[bytes] = []
        self._size = 0
        self._sent: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def send(self, line: bytes) -> None:
        """Return after the broker has acknowledged the line. Raises `SinkError`."""
        sent = self._sent
        if sent is None:
            loop = asyncio.get_running_loop()
            sent = self._sent = loop.create_future()
            self._timer = loop.call_later(self._join_for_s, self._send_now)
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._join_up_to:
            self._send_now()
        # Shielded: a client that disconnects must not cancel the message for the others.
        await asyncio.shield(sent)

    async def flush(self) -> None:
        """Send what has been collected and wait for the answers."""
        self._send_now()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _send_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._sent is None:
            return
        message, sent = b"".join(self._lines), self._sent
        self._lines, self._size, self._sent, self._timer = [], 0, None, None
        task = asyncio.get_running_loop().create_task(self._deliver(message, sent))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, message: bytes, sent: asyncio.Future[None]) -> None:
        try:
            await self._sink.send(message)
        except SinkError as error:
            sent.set_exception(error)
            # Retrieved once here, so that asyncio does not complain when every sender has disconnected.
            sent.exception()
        except BaseException as error:
            sent.set_exception(SinkUnavailableError("sending was interrupted"))
            sent.exception()
            if not isinstance(error, asyncio.CancelledError):
                raise
        else:
            sent.set_result(None)
