"""When requests go out: at a steady rate whatever the server does (open loop), or as fast as it answers (closed)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.traffic.delivery import Delivery
    from bench.traffic.requests import Request
    from bench.traffic.summary import Tally

_MOST_UNANSWERED: Final = 5_000


async def as_fast_as_it_goes(
    requests: Iterator[Request], delivery: Delivery, *, connections: int, clock: Callable[[], float]
) -> None:
    """`connections` clients, each of which sends its next request when the one before is settled."""

    async def client() -> None:
        for request in requests:
            await delivery.deliver(request, clock())

    async with asyncio.TaskGroup() as clients:
        for _ in range(connections):
            clients.create_task(client())


async def at_rate(
    requests: Iterator[Request],
    delivery: Delivery,
    tally: Tally,
    *,
    rate: float,
    clock: Callable[[], float],
    most_unanswered: int = _MOST_UNANSWERED,
) -> None:
    """`rate` requests a second, each on time and counted from when it was due, however slow the answers are.

    Memory has a bound: at `most_unanswered` requests under way the next one waits, is counted as held back, and its
    latency still counts from when it was due.
    """
    started = clock()
    free = asyncio.Semaphore(most_unanswered)

    async def one(request: Request, due: float) -> None:
        try:
            await delivery.deliver(request, due)
        finally:
            free.release()

    async with asyncio.TaskGroup() as under_way:
        for number, request in enumerate(requests):
            due = started + number / rate
            # Always give way once, so that a generator that is behind does not keep answers waiting.
            await asyncio.sleep(max(0.0, due - clock()))
            if free.locked():
                tally.held_back += 1
            await free.acquire()
            under_way.create_task(one(request, due))
