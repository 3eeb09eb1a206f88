"""`python -m bench freshness`: how long it takes from an HTTP POST until a query of a view shows the event.

Every request carries one custom event. Its clock starts before the request is sent and stops when a query of
`analytics.custom_events` for its id, repeated after 10 ms, returns the row: the acknowledgement, the broker, the
consumer, both materialized views and the query itself are all inside.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
    from collections.abc import Awaitable, Callable

GIVE_UP_S: Final = 30.0
# Asking without a pause would take the CPU from what is measured.
POLL_PAUSE_S: Final = 0.01
_SEEN: Final = "SELECT count() FROM analytics.custom_events WHERE event_id = {id:UUID}"
_PADDING: Final = "x" * 1500


class Figures(msgspec.Struct, frozen=True):
    """Milliseconds from POST to query, and from POST to the 202."""

    events: int
    lost: int
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float
    ack_p50_ms: float | None
    ack_p99_ms: float | None
    rate: float
    machine: Machine


class UnexpectedError(RuntimeError):
    """A service answered with an error; the text is its own."""


def main(argv: list[str]) -> int:
    """Return 0 when every event was seen, 1 when one was not, 2 for wrong usage."""
    try:
        settings = read_settings(os.environ)
        arguments = _parser(settings.api_url, settings.clickhouse_url).parse_args(argv)
        figures = uvloop.run(measure(arguments.url, arguments.clickhouse, arguments.rate, arguments.seconds))
    except (SettingsError, UnexpectedError, aiohttp.ClientError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console().print(as_table(figures))
    if arguments.json:
        write_json(figures, arguments.json)
    return 1 if figures.lost else 0


async def measure(api: str, clickhouse: str, rate: float, seconds: float) -> Figures:
    """Send `rate` events a second for `seconds`, at even times, and follow each until it is seen."""
    seen, acknowledged = Latencies(), Latencies()
    async with aiohttp.ClientSession() as http:
        began = time.monotonic()
        followed = []
        for number in range(round(rate * seconds)):
            await asyncio.sleep(began + number / rate - time.monotonic())
            followed.append(asyncio.create_task(_follow(http, api, clickhouse, seen, acknowledged)))
        results = await asyncio.gather(*followed)
    return Figures(
        events=len(results),
        lost=results.count(False),
        p50_ms=seen.percentile(50),
        p99_ms=seen.percentile(99),
        longest_ms=seen.longest_ms,
        ack_p50_ms=acknowledged.percentile(50),
        ack_p99_ms=acknowledged.percentile(99),
        rate=rate,
        machine=this_machine(),
    )


async def _follow(
    http: aiohttp.ClientSession, api: str, clickhouse: str, seen: Latencies, acknowledged: Latencies
) -> bool:
    event_id = str(uuid.uuid4())
    event = {
        "event_type": "custom",
        "event_id": event_id,
        "user_id": f"freshness-{event_id}",
        "name": "freshness",
        "properties": {"padding": _PADDING},
    }
    began = time.monotonic()
    await _ask(lambda: http.post(f"{api}/api/v1/events", json=event), wanted=202)
    acknowledged.add((time.monotonic() - began) * 1000)
    while time.monotonic() - began < GIVE_UP_S:
        answer = await _ask(lambda: http.post(clickhouse, params={"param_id": event_id}, data=_SEEN), wanted=200)
        if answer.strip() == "1":
            seen.add((time.monotonic() - began) * 1000)
            return True
        await asyncio.sleep(POLL_PAUSE_S)
    return False


async def _ask(request: Callable[[], Awaitable[aiohttp.ClientResponse]], wanted: int) -> str:
    answer = await request()
    text = await answer.text()
    if answer.status != wanted:
        raise UnexpectedError(f"{answer.url.with_query(None)} answered {answer.status}: {text[:200]}")
    return text


def as_table(figures: Figures) -> Table:
    """The figures for a terminal."""
    table = Table(title=f"From POST to query, {figures.rate:g} requests/s, {figures.machine.cores} cores", box=None)
    table.add_column("")
    for name in ("p50", "p99", "longest"):
        table.add_column(name, justify="right")
    table.add_row("POST to query", *map(_ms, (figures.p50_ms, figures.p99_ms, figures.longest_ms)))
    table.add_row("POST to 202", *map(_ms, (figures.ack_p50_ms, figures.ack_p99_ms, None)))
    table.add_row("events", f"{figures.events}", "not seen", f"{figures.lost}")
    return table


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"


def _parser(api: str, clickhouse: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench freshness",
        description="How long it takes from an HTTP POST until a query of a view shows the event.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--url", default=api, help="base URL of the API")
    parser.add_argument("--clickhouse", default=clickhouse, help="URL of ClickHouse's HTTP interface")
    parser.add_argument("--rate", type=float, default=6.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser
