"""Where accepted events go. Kafka is one sink; a list in memory is another, for tests."""

from __future__ import annotations

from typing import Final, Protocol

CLOSE_WAIT_S: Final = 6.0
"""No acknowledgement takes longer."""


class SinkError(Exception):
    """A message was not acknowledged. It may still have been stored; the sender should send it again."""


class SinkUnavailableError(SinkError):
    """The broker cannot be reached, or did not acknowledge in time."""


class SinkFullError(SinkError):
    """Too many messages are waiting for the broker."""


class SinkRefusedError(SinkError):
    """The broker will never take this message: a fault of ours, and sending it again does not help."""


class Sink(Protocol):
    """Three verbs and a life cycle: `start` and `close` run in the event loop that `send` is called from."""

    async def start(self) -> None:
        """Get ready to send. Does not wait for the broker."""

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        """Return after the broker has acknowledged the message. Raises `SinkError` within a bounded time."""

    async def flush(self, timeout_s: float) -> None:
        """Wait until no message is in flight, for at most `timeout_s` seconds."""

    async def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        """Finish what can be finished within `wait_s` seconds, fail the rest, and release everything."""

    def ready(self) -> bool:
        """Whether the broker has answered recently. Returns at once."""
