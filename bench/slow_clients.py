"""`python -m bench slow_clients`: how fast the others are served while many clients send a byte a second.

Half of the slow clients are slow with their headers, half with their body; whoever is given up by the API connects
again. They live in a process of their own, so that only the API has to do with them. The others post one event each, at
even times, first without the slow ones and then with them.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from bench.figures import write_json
from bench.machine import Machine, this_machine
from bench.settings import SettingsError, read_settings
from bench.traffic.latency import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.sharedctypes import Synchronized

EVENT: Final = {"event_type": "custom", "anonymous_id": "bench-slow-clients", "name": "slow_clients"}
CONNECT_WITHIN_S: Final = 60.0
TICKS_PER_S: Final = 100
# Files beside the connections: sockets of the event loop, output, libraries.
SPARE_FILES: Final = 100
_HEAD: Final = (
    b"POST /api/v1/events HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n"
)


class Latency(msgspec.Struct, frozen=True):
    """Of requests from due to answered, in milliseconds; `refused` counts answers that are no 202."""

    requests: int
    refused: int
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float


class Figures(msgspec.Struct, frozen=True):
    """The others' latency without and with slow clients, and how many of these were connected at the end."""

    clients: int
    connected: int
    rate: float
    seconds: float
    without: Latency
    beside: Latency
    machine: Machine


class UnusableError(RuntimeError):
    """The run says nothing, for the reason in the text."""


class Slow(asyncio.Protocol):
    """One slow client: sends what it has a byte at a time, and connects again when it is given up."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._transport: asyncio.WriteTransport | None = None
        self._sent = 0
        # The odd ones have sent their headers at once, and are slow with the body.
        self._at_once = _HEAD + b"\r\n" if number % 2 else b""
        self._drips = b" " if number % 2 else _HEAD + b"X-Slow: " + b"a" * 4000

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._sent = cast("asyncio.WriteTransport", transport), 0
        self._transport.write(self._at_once)
        self._crowd.connected += 1

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._crowd.connected -= 1
        self._crowd.connect(self)

    def drip(self) -> None:
        """Send the next byte."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._drips[self._sent % len(self._drips) :][:1])
            self._sent += 1


class Crowd:
    """All slow clients of a process."""

    def __init__(self, host: str, port: int, clients: int) -> None:
        self.connected = 0
        self._where = host, port
        self._clients = [Slow(self, number) for number in range(clients)]
        self._connecting: set[asyncio.Task[None]] = set()

    def connect(self, client: Slow) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def run(self, connected: Synchronized[int]) -> None:
        """Drip for ever; each client once a second, evenly over the second."""
        for client in self._clients:
            self.connect(client)
        due, tick = time.monotonic(), 0
        while True:
            for client in self._clients[tick % TICKS_PER_S :: TICKS_PER_S]:
                client.drip()
            connected.value = self.connected
            due, tick = due + 1 / TICKS_PER_S, tick + 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _connect(self, client: Slow) -> None:
        # One that is refused stays away, and is missing in what is reported as connected.
        with suppress(OSError):
            await asyncio.get_running_loop().create_connection(lambda: client, *self._where)


def main(argv: list[str]) -> int:
    """Return 0 when everybody else was served, 1 when not, 2 for wrong usage."""
    try:
        settings = read_settings(os.environ)
        arguments = _parser(settings.api_url).parse_args(argv)
        figures = measure(arguments.url, arguments.clients, arguments.rate, arguments.seconds)
    except (SettingsError, UnusableError, aiohttp.ClientError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console().print(as_table(figures))
    if arguments.json:
        write_json(figures, arguments.json)
    return 1 if figures.without.refused or figures.beside.refused else 0


def measure(url: str, clients: int, rate: float, seconds: float) -> Figures:
    """Post `rate` events a second for `seconds`, without and with `clients` slow ones."""
    without = uvloop.run(_post(url, rate, seconds))
    with _slow_clients(url, clients) as connected:
        beside = uvloop.run(_post(url, rate, seconds))
        still = connected.value
    return Figures(clients, still, rate, seconds, without, beside, this_machine())


@contextmanager
def _slow_clients(url: str, clients: int) -> Iterator[Synchronized[int]]:
    spawn = multiprocessing.get_context("spawn")
    connected: Synchronized[int] = spawn.Value("i", 0)
    process = spawn.Process(target=_be_slow, args=(url, clients, connected), daemon=True)
    process.start()
    try:
        deadline = time.monotonic() + CONNECT_WITHIN_S
        while connected.value < clients:
            process.join(0.05)
            if process.exitcode is not None:
                raise UnusableError("the process of the slow clients ended; what it says stands above")
            if time.monotonic() > deadline:
                raise UnusableError(
                    f"only {connected.value} of {clients} slow clients are connected: raise `ulimit -n`?"
                )
        yield connected
    finally:
        process.kill()
        process.join()


def _be_slow(url: str, clients: int, connected: Synchronized[int]) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < clients + SPARE_FILES:
        sys.exit(f"error: {clients} connections need more than the {most} files that `ulimit -Hn` allows")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    where = urlsplit(url)
    with suppress(KeyboardInterrupt):
        uvloop.run(Crowd(where.hostname or "127.0.0.1", where.port or 80, clients).run(connected))


async def _post(url: str, rate: float, seconds: float) -> Latency:
    latencies, refused = Latencies(), 0

    async def one(session: aiohttp.ClientSession, due: float) -> None:
        nonlocal refused
        async with session.post(f"{url}/api/v1/events", json=EVENT) as answer:
            await answer.read()
        latencies.add((time.monotonic() - due) * 1000)
        refused += answer.status != 202  # noqa: PLR2004 - HTTP's own number

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        under_way: list[asyncio.Task[Any]] = []
        began = time.monotonic()
        for number in range(round(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            under_way.append(asyncio.create_task(one(session, due)))
        await asyncio.gather(*under_way)
    return Latency(
        latencies.count, refused, latencies.percentile(50), latencies.percentile(99), round(latencies.longest_ms, 2)
    )


def as_table(figures: Figures) -> Table:
    """The figures for a terminal."""
    title = f"Posts at {figures.rate:g}/s beside slow clients, {figures.machine.cores} cores"
    table = Table(title=title, box=None)
    table.add_column("")
    for name in ("p50", "p99", "longest", "not 202"):
        table.add_column(name, justify="right")
    for name, each in (
        ("no slow clients", figures.without),
        (f"{figures.connected} of {figures.clients} connected", figures.beside),
    ):
        shown = (each.p50_ms, each.p99_ms, each.longest_ms)
        table.add_row(name, *("" if ms is None else f"{ms:.1f} ms" for ms in shown), str(each.refused))
    return table


def _parser(api: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench slow_clients",
        description="How fast the others are served while many clients send a byte a second. Start the API with "
        "UGC_RATE_LIMIT=off: all of them have this machine's address.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--url", default=api, help="base URL of the API")
    parser.add_argument("--clients", type=int, default=2000, help="slow clients")
    parser.add_argument("--rate", type=float, default=100.0, help="posts a second of the others")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long, without and with them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser
