"""What bodies cost that are made to cost much. Each bound is a ratio of two times of this process on this machine."""

from __future__ import annotations

import asyncio
import gc
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from api.pipeline.client import UNKNOWN_CLIENT
from api.pipeline.ingestion import Ingestion
from api.pipeline.rejections import RejectionError
from api.pipeline.turns import in_turns
from tests.support.heavy_bodies import CUSTOM, ORDINARY, REFUSED, REFUSED_CUSTOM, REPAIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


NOW = 1_764_000_000_000
TRIES = 3

ingestion = Ingestion(lambda _now: "0190a6a0-5c52-7000-8000-000000000001")


def take(body: bytes) -> int:
    """How many events of a batch are accepted."""
    try:
        return ingestion.batch(body, UNKNOWN_CLIENT, NOW).accepted
    except RejectionError:
        return 0


def cost(body: bytes) -> float:
    """CPU seconds, at best: what else this machine does is not the body's."""

    def once() -> float:
        gc.collect()
        began = time.process_time()
        take(body)
        return time.process_time() - began

    # Nor is what other tests have left in memory, which the cycle collector would look through.
    gc.freeze()
    try:
        return min(once() for _ in range(TRIES))
    finally:
        gc.unfreeze()


cost_once = cache(cost)


def until_cheaper(bad: bytes, good: bytes, times: float) -> tuple[float, float]:
    """Both costs, measured again while the bound is missed: a machine that is busy makes only some of them higher."""
    costs = cost(bad), cost_once(good)
    for _ in range(3):
        if costs[0] <= times * costs[1]:
            break
        costs = min(costs[0], cost(bad)), max(costs[1], cost(good))
    return costs


@pytest.mark.parametrize("name", REFUSED)
def test_refused_body_costs_hardly_more_than_ordinary_events_of_its_size(name: str) -> None:
    assert (take(REFUSED[name]), take(ORDINARY)) == (0, 500)
    refused, accepted = until_cheaper(REFUSED[name], ORDINARY, 2.5)
    assert refused <= 2.5 * accepted


@pytest.mark.parametrize("name", REFUSED_CUSTOM)
def test_refused_custom_events_cost_no_more_than_accepted_ones(name: str) -> None:
    dearest = CUSTOM["small objects with keys and spaces"]
    assert take(REFUSED_CUSTOM[name]) == 0 < take(dearest)
    refused, accepted = until_cheaper(REFUSED_CUSTOM[name], dearest, 1.2)
    assert refused <= 1.2 * accepted


@pytest.mark.parametrize("name", REPAIRED)
def test_repaired_body_costs_less_than_half_of_the_dearest_that_needs_no_repair(name: str) -> None:
    dearest = CUSTOM["small objects with keys and spaces"]
    repaired, accepted = until_cheaper(REPAIRED[name], dearest, 0.5)
    assert repaired <= 0.5 * accepted


def longest_wait(work: Callable[[], Coroutine[Any, Any, Any]]) -> float:
    """How long other tasks had to wait for their turn, in CPU seconds of this process."""
    longest = 0.0

    async def other() -> None:
        nonlocal longest
        last = time.process_time()
        while True:
            await asyncio.sleep(0)
            now = time.process_time()
            longest, last = max(longest, now - last), now

    async def both() -> None:
        waiting = asyncio.create_task(other())
        await asyncio.sleep(0)
        await work()
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(both())
    return longest


@pytest.mark.parametrize("name", CUSTOM)
def test_large_body_lets_others_have_their_turn(name: str) -> None:
    body = CUSTOM[name]
    accepted: list[int] = []

    async def at_once() -> None:
        accepted.append(take(body))

    async def with_turns() -> None:
        batch = await in_turns(ingestion.batch_in_parts(body, UNKNOWN_CLIENT, NOW))
        accepted.append(batch.accepted)

    whole, longest = (min(longest_wait(work) for _ in range(2)) for work in (at_once, with_turns))
    assert longest < whole / 2
    assert len(set(accepted)) == 1
    assert accepted[0] > 0
