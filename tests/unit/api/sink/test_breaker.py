"""The circuit breaker: when it opens, what it costs then, and how it closes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api.sink.breaker import FAILURES_TO_OPEN, NO_PROGRESS_S, PROBE_EVERY_S, Breaker, CircuitOpenError, State
from api.sink.interface import SinkFullError, SinkUnavailableError
from tests.unit.api.conftest import MemorySink

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Bench:
    """A breaker, the sink behind it, and the time in seconds."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sink = MemorySink()
        self.states: list[State] = []
        self.breaker = Breaker(self.sink, changed=self.states.append, monotonic=lambda: self.now)

    def fail(self, times: int, error: Exception | None = None) -> None:
        self.sink.error = error or SinkUnavailableError("away")
        for _ in range(times):
            with pytest.raises(type(self.sink.error)):
                run(self.breaker.send(b"x"))

    def open(self) -> None:
        self.sink.is_ready = False
        self.fail(1)
        assert state(self.breaker) is State.OPEN


def state(breaker: Breaker) -> State:
    """The state now: a property would be taken for a constant by the type checker."""
    return breaker.state


def run(coroutine: Coroutine[object, object, None]) -> None:
    asyncio.run(coroutine)


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    bench = Bench()
    bench.fail(FAILURES_TO_OPEN - 1)
    bench.sink.error = None
    run(bench.breaker.send(b"x"))
    bench.fail(FAILURES_TO_OPEN - 1)
    assert state(bench.breaker) is State.CLOSED
    bench.fail(1)
    assert state(bench.breaker) is State.OPEN


def test_one_failure_opens_it_when_the_sink_knows_that_the_broker_is_silent() -> None:
    bench = Bench()
    bench.open()


def test_full_queue_is_no_sign_of_a_broker_that_is_away() -> None:
    bench = Bench()
    bench.fail(FAILURES_TO_OPEN * 2, SinkFullError("full"))
    assert state(bench.breaker) is State.CLOSED


def test_open_it_fails_without_asking_the_sink() -> None:
    bench = Bench()
    bench.open()
    bench.sink.error = None
    bench.now += 3600
    for _ in range(3):
        with pytest.raises(CircuitOpenError):
            run(bench.breaker.send(b"x"))
    assert bench.sink.messages == []


def test_it_closes_with_the_first_message_after_the_broker_answers_again() -> None:
    bench = Bench()
    bench.open()
    bench.sink.error = None
    bench.sink.is_ready = True
    with pytest.raises(CircuitOpenError):
        run(bench.breaker.send(b"too early"))
    bench.now += PROBE_EVERY_S
    run(bench.breaker.send(b"x"))
    assert bench.states == [State.OPEN, State.HALF_OPEN, State.CLOSED]
    run(bench.breaker.send(b"y"))
    assert bench.sink.messages == [b"x", b"y"]


def test_only_one_message_tries_and_its_failure_opens_it_again() -> None:
    bench = Bench()
    bench.open()
    bench.sink.is_ready = True
    bench.now += PROBE_EVERY_S
    bench.fail(1)
    assert bench.states[-2:] == [State.HALF_OPEN, State.OPEN]
    with pytest.raises(CircuitOpenError):
        run(bench.breaker.send(b"x"))


class HangingSink(MemorySink):
    """Acknowledges nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        await self.let_go.wait()
        await super().send(value, key)


def test_no_acknowledgement_for_a_while_opens_it_and_a_late_one_closes_it() -> None:
    async def scenario() -> None:
        now = [0.0]
        sink = HangingSink()
        breaker = Breaker(sink, monotonic=lambda: now[0])
        first = asyncio.create_task(breaker.send(b"first"))
        await asyncio.sleep(0)
        now[0] = NO_PROGRESS_S - 0.1
        second = asyncio.create_task(breaker.send(b"second"))
        await asyncio.sleep(0)
        assert state(breaker) is State.CLOSED, "a gate may hold messages so long"
        now[0] = NO_PROGRESS_S
        sink.is_ready = False
        with pytest.raises(CircuitOpenError):
            await breaker.send(b"third")
        sink.let_go.set()
        await asyncio.gather(first, second)
        assert state(breaker) is State.CLOSED

    asyncio.run(scenario())


def test_probe_whose_client_leaves_is_made_again_by_another() -> None:
    async def scenario() -> None:
        now = [0.0]
        sink = HangingSink()
        sink.is_ready = False
        breaker = Breaker(sink, monotonic=lambda: now[0])
        waiting = asyncio.create_task(breaker.send(b"x"))
        await asyncio.sleep(0)
        now[0] += NO_PROGRESS_S
        with pytest.raises(CircuitOpenError):
            await breaker.send(b"x")
        sink.is_ready = True
        now[0] += PROBE_EVERY_S
        probe = asyncio.create_task(breaker.send(b"probe"))
        await asyncio.sleep(0)
        assert state(breaker) is State.HALF_OPEN
        probe.cancel()
        await asyncio.wait([probe])
        assert state(breaker) is State.OPEN
        now[0] += PROBE_EVERY_S
        sink.let_go.set()
        await breaker.send(b"again")
        assert state(breaker) is State.CLOSED
        await waiting

    asyncio.run(scenario())
