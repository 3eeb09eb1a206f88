"""`python -m bench outage`: what clients see while the broker hangs, and what has become of their events afterwards.

Posts one event a request at a steady rate, each once, and stops the broker's process (SIGSTOP) in the middle: to its
clients that is a machine that hangs. Afterwards every event that was acknowledged is looked up in ClickHouse.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import aiohttp
import msgspec
import uvloop
from rich.console import Console, Group
from rich.table import Table

from bench.figures import write_json
from bench.machine import Machine, this_machine
from bench.settings import SettingsError, read_settings
from bench.traffic.latency import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterable

BEFORE_S: Final = 5.0
AFTER_S: Final = 15.0
ARRIVAL_S: Final = 60.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_SEEN: Final = "SELECT event_id FROM analytics.custom_events WHERE session_id = {run:String} FORMAT TSV"
_ACCEPTED, _UNAVAILABLE = 202, 503


class Answer(NamedTuple):
    """Of one request: seconds since the start when it was due, and from then to the answer; status 0 is none."""

    event_id: str
    due: float
    took: float
    status: int

    @property
    def at(self) -> float:
        return self.due + self.took


class Times(msgspec.Struct, frozen=True):
    """How long answers took, in milliseconds."""

    answers: int
    p50_ms: float | None
    p99_ms: float | None
    longest_ms: float
    over_50_ms: int


class Figures(msgspec.Struct, frozen=True):
    """`known_after_s`: from the broker's stop to the first 503; `back_after_s`: from its return to the last 503."""

    rate: float
    away_s: float
    statuses: dict[str, int]
    before: Times
    known_after_s: float | None
    refused_once_known: Times
    back_after_s: float | None
    acknowledged: int
    missing: int
    shown_twice: int
    never_sent: int
    machine: Machine


def main(argv: list[str]) -> int:
    """Return 0 when nothing acknowledged is missing or doubled, 1 when something is, 2 for wrong usage."""
    try:
        settings = read_settings(os.environ)
        arguments = _parser(settings.api_url, settings.clickhouse_url).parse_args(argv)
        figures = uvloop.run(
            measure(arguments.url, arguments.clickhouse, arguments.broker_pid, arguments.rate, arguments.seconds)
        )
    except (SettingsError, aiohttp.ClientError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console().print(as_tables(figures))
    if arguments.json:
        write_json(figures, arguments.json)
    return 1 if figures.missing or figures.shown_twice or figures.never_sent else 0


async def measure(api: str, clickhouse: str, broker_pid: int, rate: float, away_s: float) -> Figures:
    """Post for a while, with the broker stopped for `away_s` seconds in the middle."""
    run = f"outage-{uuid.uuid4()}"
    os.kill(broker_pid, 0)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=_TIMEOUT) as http:
        began = time.monotonic()
        posting = asyncio.create_task(_post(http, api, run, rate, BEFORE_S + away_s + AFTER_S))
        await asyncio.sleep(BEFORE_S)
        os.kill(broker_pid, signal.SIGSTOP)
        try:
            stopped = time.monotonic() - began
            await asyncio.sleep(away_s)
        finally:
            os.kill(broker_pid, signal.SIGCONT)
        back = time.monotonic() - began
        answers = await posting
        acknowledged = {answer.event_id for answer in answers if answer.status == _ACCEPTED}
        shown = await _shown(http, clickhouse, run, acknowledged)
    refusals = [answer for answer in answers if answer.status == _UNAVAILABLE]
    known = min((answer.at for answer in refusals), default=None)
    statuses = [str(answer.status or "no answer") for answer in answers]
    return Figures(
        rate=rate,
        away_s=away_s,
        statuses={status: statuses.count(status) for status in sorted(set(statuses))},
        before=_times(answer for answer in answers if answer.at < stopped),
        known_after_s=None if known is None else round(known - stopped, 3),
        refused_once_known=_times(answer for answer in refusals if known is not None and answer.due > known),
        back_after_s=round(max((answer.due for answer in refusals), default=back) - back, 3),
        acknowledged=len(acknowledged),
        missing=len(acknowledged - set(shown)),
        shown_twice=len(shown) - len(set(shown)),
        never_sent=len(set(shown) - {answer.event_id for answer in answers}),
        machine=this_machine(),
    )


async def _post(http: aiohttp.ClientSession, api: str, run: str, rate: float, seconds: float) -> list[Answer]:
    answers: list[Answer] = []
    began = time.monotonic()

    async def one(due: float) -> None:
        event = {"event_type": "custom", "event_id": str(uuid.uuid4()), "anonymous_id": "bench-outage"}
        event |= {"session_id": run, "name": "outage"}
        status = 0
        try:
            async with http.post(f"{api}/api/v1/events", json=event) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            pass
        answers.append(Answer(event["event_id"], due, time.monotonic() - began - due, status))

    async with asyncio.TaskGroup() as under_way:
        for number in range(round(rate * seconds)):
            due = number / rate
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            under_way.create_task(one(due))
    return answers


async def _shown(http: aiohttp.ClientSession, clickhouse: str, run: str, acknowledged: set[str]) -> list[str]:
    """The ids that the reader shows, once all that were acknowledged are there, or time is over."""
    deadline = time.monotonic() + ARRIVAL_S
    while True:
        async with http.post(clickhouse, params={"param_run": run}, data=_SEEN) as answer:
            answer.raise_for_status()
            shown = (await answer.text()).split()
        if acknowledged <= set(shown) or time.monotonic() > deadline:
            return shown
        await asyncio.sleep(0.5)


def _times(answers: Iterable[Answer]) -> Times:
    took = [answer.took * 1000 for answer in answers]
    latencies = Latencies()
    for milliseconds in took:
        latencies.add(milliseconds)
    return Times(
        answers=len(took),
        p50_ms=latencies.percentile(50),
        p99_ms=latencies.percentile(99),
        longest_ms=round(latencies.longest_ms, 1),
        over_50_ms=sum(milliseconds > 50 for milliseconds in took),  # noqa: PLR2004 - the bar that it is named after
    )


def as_tables(figures: Figures) -> Group:
    """The figures for a terminal."""
    title = f"A broker that hangs for {figures.away_s:g} s under {figures.rate:g} requests/s"
    latencies = Table(title=f"{title}, {figures.machine.cores} cores", title_justify="left", box=None)
    latencies.add_column("")
    for name in ("answers", "p50", "p99", "longest", "over 50 ms"):
        latencies.add_column(name, justify="right")
    for name, times in (("before", figures.before), ("503, once one was seen", figures.refused_once_known)):
        shown = ("" if ms is None else f"{ms:.1f} ms" for ms in (times.p50_ms, times.p99_ms, times.longest_ms))
        latencies.add_row(name, str(times.answers), *shown, str(times.over_50_ms))
    rest = Table(box=None, show_header=False)
    rest.add_row("answers by status", ", ".join(f"{status}: {count}" for status, count in figures.statuses.items()))
    rest.add_row("first 503", f"{_seconds(figures.known_after_s)} after the broker's stop")
    rest.add_row("last 503", f"{_seconds(figures.back_after_s)} after its return")
    lost = f"{figures.missing} missing, {figures.shown_twice} shown twice, {figures.never_sent} never sent"
    rest.add_row("events acknowledged", f"{figures.acknowledged}: {lost}")
    return Group(latencies, rest)


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"


def _parser(api: str, clickhouse: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench outage",
        description="What clients see while the broker hangs, and what has become of their events afterwards. Start "
        "the API with UGC_RATE_LIMIT=off: all requests have this machine's address.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--url", default=api, help="base URL of the API")
    parser.add_argument("--clickhouse", default=clickhouse, help="URL of ClickHouse's HTTP interface")
    parser.add_argument(
        "--broker-pid", type=int, required=True, help="process of the broker, which is stopped and continued"
    )
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the broker is away")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser
