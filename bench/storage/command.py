"""`python -m bench storage`: options, table, JSON, plot."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from bench.figures import write_json
from bench.machine import Machine, this_machine
from bench.settings import SettingsError, read_settings
from bench.storage.compare import SYSTEMS, Comparison, compare
from bench.storage.report import as_table, plot


class Report(msgspec.Struct, frozen=True):
    """What --json writes."""

    benchmark: str
    finished_at: str
    machine: Machine
    comparison: Comparison


def main(argv: list[str]) -> int:
    """Returns 0 when every system that was reached gave the right answer, 1 when one did not, 2 for wrong usage."""
    arguments = _parser().parse_args(argv)
    machine = this_machine()
    waiting = Console(stderr=True)
    try:
        settings = read_settings(os.environ)
        for file in filter(None, (arguments.json, arguments.plot)):
            file.parent.mkdir(parents=True, exist_ok=True)  # now, not after minutes of measuring
        with waiting.status("starting") as status:
            comparison = compare(
                arguments.systems,
                settings,
                rows=arguments.rows,
                seed=arguments.seed,
                threads=arguments.threads,
                repeats=arguments.repeats,
                say=lambda what: status.update(f"measuring: {what}"),
            )
        # A table in a file has no width to fit into.
        Console(width=None if sys.stdout.isatty() else 180).print(as_table(comparison, machine))
        if arguments.json:
            finished_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
            report = Report("storage", finished_at, machine, comparison)
            write_json(report, arguments.json)
        if arguments.plot:
            plot(comparison, machine, arguments.plot)
    except (SettingsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if comparison.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench storage",
        description="Insert the same rows and run the same aggregation in several systems. Servers are reached by "
        "UGC_BENCH_CLICKHOUSE_URL (else the embedded engine), UGC_BENCH_VERTICA_URL and UGC_BENCH_POSTGRES_URL.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="which to measure, in this order")
    add("--rows", type=_count, default=10_000_000, help="rows in the table; about 60 bytes of memory each")
    add("--threads", type=_count, default=8, help="threads that run the query at once")
    add("--repeats", type=_count, default=3, help="how often all is done again on a new table")
    add("--seed", type=int, default=1, help="of the rows")
    add("--json", type=Path, metavar="FILE", help="write the figures")
    add("--plot", type=Path, metavar="FILE", help="write a plot, as PNG")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number from 1")
    return value
