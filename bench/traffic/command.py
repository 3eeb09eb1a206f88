"""`python -m bench traffic`: options, progress bar, table, JSON."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.figures import write_json
from bench.machine import Machine, this_machine
from bench.settings import SettingsError, read_settings
from bench.traffic.audience import Audience
from bench.traffic.run import Plan, UnreachableError, run
from bench.traffic.summary import Summary, Tally, as_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INTERRUPTED: Final = 130
_LARGEST_REQUEST_KB: Final = 1000


class Report(msgspec.Struct, frozen=True):
    """What --json writes: the figures, and all that is needed to send the very same events again."""

    benchmark: str
    finished_at: str
    machine: Machine
    plan: Plan
    summary: Summary


def main(argv: list[str]) -> int:
    """Returns 0 when every event was acknowledged, 1 when some were not, 2 for wrong usage, 130 when interrupted."""
    try:
        arguments = _parser(read_settings(os.environ).api_url).parse_args(argv)
        plan = _plan(arguments)
        for file in filter(None, (arguments.json, arguments.acknowledged)):
            file.parent.mkdir(parents=True, exist_ok=True)
        summary = _run(plan, arguments.acknowledged)
        Console().print(as_table(summary))
        if "429" in summary.answers:
            print(
                "the API limited the rate: start it with UGC_RATE_LIMIT=off, or with UGC_TRUSTED_PROXIES=127.0.0.1/32 "
                "so that each simulated person counts alone"
            )
        print(f"the same events again: --seed {plan.audience.seed} --run-id {plan.audience.run_id} {_day_end(plan)}")
        if arguments.json:
            _write_json(arguments.json, plan, summary)
    except (SettingsError, UnreachableError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if summary.interrupted:
        return _INTERRUPTED
    return 0 if summary.events_acknowledged == summary.events else 1


def _parser(url: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench traffic",
        description="Simulate the cinema's audience over HTTP; by default one day, 100,000 events, as fast as it goes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--url", default=url, help="base URL of the API")
    add("--rate", type=_rate, default="max", metavar="N|max", help="requests a second, whatever the answers; or max")
    add("--connections", type=_count, default=32, help="clients that wait for their answers, with --rate max")
    add("--events", type=_count, help="how many events in all; default one day, unless another limit is given")
    add("--megabytes", type=_positive, help="stop after so many MB of request bodies")
    add("--seconds", type=_positive, help="stop after so long")
    add("--people", type=_count, default=30_000, help="people that are known")
    add("--per-day", type=_count, default=10_000, help="people that come on a day")
    add("--actions", type=_count, default=10, help="events of a person on a day")
    add("--request-kb", type=_count, help="batches of so many kB (up to 1000, at most 500 events) instead of 1 to 5 KB")
    add("--seed", type=int, default=1, help="what the audience does")
    add("--run-id", help="salt of the event ids; default: the time now, so that runs never collide")
    add("--day-end", type=_moment, metavar="TIME", help="end of the day, epoch ms or RFC 3339; default: now")
    add("--patience", type=_positive, default=120.0, help="seconds that a request is repeated before it is given up")
    add("--write-key", help="sent as X-Write-Key")
    add("--json", type=Path, metavar="FILE", help="write the figures")
    add("--acknowledged", type=Path, metavar="FILE", help="write event_id and event_type of every event answered 2xx")
    return parser


def _plan(arguments: argparse.Namespace) -> Plan:
    now_ms = time.time_ns() // 1_000_000
    day_end_ms = arguments.day_end if arguments.day_end is not None else now_ms
    if arguments.per_day > arguments.people:
        raise ValueError(f"--per-day {arguments.per_day}: there are only {arguments.people} people (--people)")
    if arguments.request_kb and arguments.request_kb > _LARGEST_REQUEST_KB:
        raise ValueError(f"--request-kb {arguments.request_kb}: expected 1 to {_LARGEST_REQUEST_KB}")
    events = arguments.events
    if events is None and arguments.megabytes is None and arguments.seconds is None:
        events = arguments.per_day * arguments.actions
    audience = Audience(
        people=arguments.people,
        per_day=arguments.per_day,
        actions=arguments.actions,
        seed=arguments.seed,
        run_id=arguments.run_id or str(now_ms),
        day_end_ms=day_end_ms,
    )
    return Plan(
        audience=audience,
        url=arguments.url,
        events=events,
        megabytes=arguments.megabytes,
        seconds=arguments.seconds,
        rate=arguments.rate,
        connections=arguments.connections,
        request_kb=arguments.request_kb,
        patience_s=arguments.patience,
        write_key=arguments.write_key,
    )


def _run(plan: Plan, acknowledged: Path | None) -> Summary:
    with contextlib.ExitStack() as stack:
        file: IO[str] | None = None
        if acknowledged:
            file = stack.enter_context(acknowledged.open("w", encoding="utf-8"))
        progress = stack.enter_context(_progress(plan)) if sys.stderr.isatty() else None
        return uvloop.run(run(plan, file, progress))


@contextlib.contextmanager
def _progress(plan: Plan) -> Iterator[Callable[[Tally], None]]:
    """A bar of acknowledged events, or of bytes or seconds when those are the limit."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        total: float | None = plan.events or plan.megabytes or plan.seconds
        task = bar.add_task("events" if plan.events else "MB" if plan.megabytes else "seconds", total=total)

        def show(tally: Tally) -> None:
            done: float = tally.acknowledged
            if not plan.events:
                done = tally.bytes / 1e6 if plan.megabytes else tally.elapsed_s
            rate = tally.acknowledged / max(tally.elapsed_s, 1e-9)
            bar.update(task, completed=int(done), description=f"{tally.acknowledged:,} events, {rate:,.0f}/s")

        yield show


def _write_json(path: Path, plan: Plan, summary: Summary) -> None:
    public = msgspec.structs.replace(plan, write_key=None)
    finished_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    report = Report("traffic", finished_at, this_machine(), public, summary)
    write_json(report, path)


def _day_end(plan: Plan) -> str:
    return f"--day-end {plan.audience.day_end_ms}"


def _rate(text: str) -> float | None:
    return None if text == "max" else _positive(text)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: expected a number above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number from 1")
    return value


def _moment(text: str) -> int:
    if text.isdecimal():
        return int(text)
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text}: a time needs its offset, such as Z")
    return int(moment.timestamp() * 1000)
