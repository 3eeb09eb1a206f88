"""Where accepted events go. Kafka is one sink; a list in memory is another, for tests."""

from __future__ import annotations

from typing import Final, Protocol

CLOSE_WAIT_S: Final = 6.0
"""As long as an acknowledgement may take."""


class SinkError(Exception):
    """A message was not acknowledged. It may have been stored all the same: the sender should send it again."""


class SinkUnavailableError(SinkError):
    """The broker cannot be reached, or did not acknowledge in time."""


class SinkFullError(SinkError):
    """More is waiting for the broker than may be held."""


class SinkRefusedError(SinkError):
    """The broker will never take this message: an error of ours, which sending again does not mend."""


class Sink(Protocol):
    """Three verbs and a life: `start` and `close` run in the event loop that `send` is called from."""

    async def start(self) -> None:
        """Make ready to send. Does not wait for the broker."""

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        """Return after the broker has acknowledged the message. Raises `SinkError` within a bounded time."""

    async def flush(self, timeout_s: float) -> None:
        """Wait until nothing is under way, at most `timeout_s` seconds."""

    async def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        """Finish what can be finished within `wait_s` seconds, fail the rest, and free everything."""

    def ready(self) -> bool:
        """Whether the broker answered lately. Returns at once."""
