from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from local.memory import BrokerMemory, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator


class World:
    """A clock, a broker of which a message is never consumed, and the gate's record of when it was held."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.held_for: list[tuple[float, float]] = []

    def monotonic(self) -> float:
        return self.now

    # The topic

    def fence(self) -> dict[int, int]:
        return {0: 1}

    def unread(self, _fence: dict[int, int]) -> int:
        self.now += 0.1
        return 1

    # The gate

    @contextmanager
    def held(self, timeout_s: float) -> Iterator[None]:
        del timeout_s
        began = self.now
        yield
        self.held_for.append((began, self.now))


def test_requests_go_through_between_two_tries_to_empty_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(time, "monotonic", world.monotonic)
    both: Any = world
    limits = Limits(busy_bytes=1, full_bytes=1 << 60, idle_bytes=0, patience_s=0.7, retry_after_s=1.0)
    watched = BrokerMemory(both, both, both, say=lambda _: None, limits=limits)
    while len(world.held_for) < 3:
        assert watched.check(os.getpid()) is False
        world.now += 0.05
    for (_, ended), (began, _) in zip(world.held_for, world.held_for[1:], strict=False):
        assert began - ended >= limits.retry_after_s
    assert all(ended - began == pytest.approx(limits.patience_s, abs=0.15) for began, ended in world.held_for)
