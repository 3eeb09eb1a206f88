"""A circuit breaker around a sink: while the broker is unreachable, requests fail at once instead of after seconds."""

from __future__ import annotations

import time
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from api.sink.interface import CLOSE_WAIT_S, SinkUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.sink.interface import Sink

FAILURES_TO_OPEN: Final = 5
NO_PROGRESS_S: Final = 4.0
"""With messages in flight and no acknowledgement for this long, the broker is taken for unreachable. A sink may hold
messages back on purpose for less: the embedded stack's gate does so for up to 3 s."""

PROBE_EVERY_S: Final = 0.5


class State(IntEnum):
    """The values are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class CircuitOpenError(SinkUnavailableError):
    """The broker was unreachable a moment ago, and it is not time to try again."""


class Breaker:
    """See `api.sink.interface.Sink`. Closed until the broker fails, then open, until one message got through.

    That message is sent only when the sink says that the broker answers, so that no request waits in vain.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        changed: Callable[[State], None] = lambda _state: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`changed` is called at every change of state; `monotonic` gives seconds."""
        self._sink = sink
        self._changed = changed
        self._monotonic = monotonic
        self._state = State.CLOSED
        self._failures = 0
        self._under_way = 0
        self._progress_at = 0.0
        self._tried_at = 0.0

    @property
    def state(self) -> State:
        return self._state

    async def start(self) -> None:
        self._changed(self._state)
        await self._sink.start()

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        now = self._monotonic()
        if self._state is State.CLOSED:
            if not self._under_way:
                self._progress_at = now
            elif now - self._progress_at >= NO_PROGRESS_S:
                self._open(now)
        if self._state is not State.CLOSED:
            self._admit_probe(now)
        self._under_way += 1
        try:
            await self._sink.send(value, key)
        except SinkUnavailableError:
            self._failed()
            raise
        except BaseException:
            # A full queue or a client that disconnects says nothing about the broker: another message must test it.
            if self._state is State.HALF_OPEN:
                self._become(State.OPEN)
            raise
        else:
            self._succeeded()
        finally:
            self._under_way -= 1

    async def flush(self, timeout_s: float) -> None:
        await self._sink.flush(timeout_s)

    async def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        await self._sink.close(wait_s)

    def ready(self) -> bool:
        return self._sink.ready()

    def _admit_probe(self, now: float) -> None:
        """Let one message through when it is time and the broker answers. Raises `CircuitOpenError` for all others."""
        if self._state is State.HALF_OPEN or now - self._tried_at < PROBE_EVERY_S or not self._sink.ready():
            raise CircuitOpenError("the broker is unreachable")
        self._tried_at = now
        self._become(State.HALF_OPEN)

    def _failed(self) -> None:
        self._failures += 1
        # One failure is enough when the sink, too, sees that the broker does not answer.
        if self._state is State.HALF_OPEN or self._failures >= FAILURES_TO_OPEN or not self._sink.ready():
            self._open(self._monotonic())

    def _succeeded(self) -> None:
        self._failures = 0
        self._progress_at = self._monotonic()
        self._become(State.CLOSED)

    def _open(self, now: float) -> None:
        self._tried_at = now
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        if state is not self._state:
            self._state = state
            self._changed(state)
