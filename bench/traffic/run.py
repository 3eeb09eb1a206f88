"""One run of the simulation against one API, until it is through, its time is over, or it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
import time
from typing import IO, TYPE_CHECKING, Final

import aiohttp
import msgspec

from bench.traffic.audience import Audience, visits
from bench.traffic.delivery import Delivery
from bench.traffic.pace import as_fast_as_it_goes, at_rate
from bench.traffic.requests import Request, pack, pack_large
from bench.traffic.summary import Summary, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ANSWER_TIMEOUT_S: Final = 30.0
_GRACE_S: Final = 5.0
_PROGRESS_S: Final = 0.2
_PROBE_S: Final = 5.0


class UnreachableError(Exception):
    """Nothing answers HTTP at the URL; the message says which URL and why."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to send and how. `rate`: requests a second, None: as fast as it goes. Limits that are None do not count."""

    audience: Audience
    url: str
    events: int | None = None
    megabytes: float | None = None
    seconds: float | None = None
    rate: float | None = None
    connections: int = 32
    request_kb: int | None = None
    patience_s: float = 120.0
    write_key: str | None = None

    def requests(self) -> Iterator[Request]:
        """The requests of this plan, made one after another while they are sent."""
        who = visits(self.audience, self.events)
        if self.request_kb is None:
            return pack(who, self.audience.seed)
        return pack_large(who, self.request_kb)


async def run(plan: Plan, acknowledged: IO[str] | None, progress: Callable[[Tally], None] | None) -> Summary:
    """Send everything and count. Raises UnreachableError when nothing answers at the start.

    SIGINT or SIGTERM: no new requests, those under way get a few seconds, then the summary so far; a second one ends
    it at once.
    """
    # Every request of an open loop needs a connection at once; a closed loop limits itself.
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=0, ttl_dns_cache=600)
    timeout = aiohttp.ClientTimeout(total=_ANSWER_TIMEOUT_S)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        await _probe(session, plan.url)
        clock = time.perf_counter
        tally = Tally(clock, acknowledged)
        delivery = Delivery(
            session,
            plan.url,
            tally,
            rng=random.Random(),
            clock=clock,
            patience_s=plan.patience_s,
            write_key=plan.write_key,
        )
        stop = asyncio.Event()
        requests = _until(plan, plan.requests(), tally, stop)
        if plan.rate is None:
            sending = as_fast_as_it_goes(requests, delivery, connections=plan.connections, clock=clock)
        else:
            sending = at_rate(requests, delivery, tally, rate=plan.rate, clock=clock)
        finished = await _supervise(asyncio.ensure_future(sending), stop, tally, progress)
        return tally.summary(interrupted=stop.is_set() or not finished)


def _until(plan: Plan, requests: Iterator[Request], tally: Tally, stop: asyncio.Event) -> Iterator[Request]:
    limit = None if plan.megabytes is None else plan.megabytes * 1e6

    def more(_: Request) -> bool:
        if stop.is_set() or (limit is not None and tally.bytes >= limit):
            return False
        return plan.seconds is None or tally.elapsed_s < plan.seconds

    return itertools.takewhile(more, requests)


async def _supervise(
    sending: asyncio.Future[None], stop: asyncio.Event, tally: Tally, progress: Callable[[Tally], None] | None
) -> bool:
    """Wait for the sending and show progress; on a signal end it within the grace. Returns whether it ended itself."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            sending.cancel()
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, on_signal)
    deadline = None
    try:
        while not sending.done():
            await asyncio.wait({sending}, timeout=_PROGRESS_S)
            if progress:
                progress(tally)
            if stop.is_set():
                deadline = deadline or loop.time() + _GRACE_S
                if loop.time() > deadline:
                    sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        return not sending.cancelled()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _probe(session: aiohttp.ClientSession, url: str) -> None:
    """One clear error at the start instead of minutes of retries against a wrong address."""
    try:
        async with session.get(url.rstrip("/") + "/healthz", timeout=aiohttp.ClientTimeout(total=_PROBE_S)):
            pass
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnreachableError(
            f"no API answers at {url} ({error or 'no answer in time'}): start it, or give --url"
        ) from error
