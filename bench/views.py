"""`python -m bench views`: how long the questions of analysts take over millions of events, and what FINAL costs.

The events are made by ClickHouse itself (`bench/views.sql`) in an engine of its own, so nothing needs to run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import write_json
from bench.machine import Machine, this_machine
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.connection.client import connected, execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.schema import refreshes, runner, sqlfile, views

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_DAYS: Final = 88
"""The landing table keeps 90."""
_GENERATE: Final = Path(__file__).with_suffix(".sql")
_SLOW_S: Final = 1.0
_FAST_S: Final = 0.2
_FINAL_RATIO: Final = 1.3
_TABLES: Final = "SELECT name FROM system.tables WHERE database = 'ugc' AND engine = 'ReplacingMergeTree' ORDER BY name"


class Timing(msgspec.Struct, frozen=True):
    """Seconds of one query: the fastest and the median of its runs."""

    best_s: float
    median_s: float


class ViewTiming(msgspec.Struct, frozen=True):
    """A view: the question of its header, and all of its rows (None for readers, of which that is an export)."""

    view: str
    question: str
    answered: Timing
    whole: Timing | None


class ReaderCost(msgspec.Struct, frozen=True):
    """A reader's question asked of the view and of the table without FINAL, when all parts are merged."""

    view: str
    view_s: float
    table_s: float

    @property
    def ratio(self) -> float:
        return self.view_s / self.table_s


class Report(msgspec.Struct, frozen=True):
    """What --json writes."""

    benchmark: str
    finished_at: str
    machine: Machine
    events: int
    people: int
    generated_s: float
    views: list[ViewTiming]
    readers: list[ReaderCost]


def main(argv: list[str]) -> int:
    """Returns 0 when every bar holds, 1 when one does not or the engine refuses, 2 for wrong usage."""
    arguments = _parser().parse_args(argv)
    waiting = Console(stderr=True)
    try:
        if arguments.json:
            arguments.json.parent.mkdir(parents=True, exist_ok=True)
        with waiting.status("starting") as status, ephemeral_engine() as settings, connected(settings, 30) as client:
            runner.migrate(settings)
            files = views.load()
            views.apply(client, files)
            started = time.monotonic()
            for day in range(_DAYS):
                status.update(f"generating day {day + 1} of {_DAYS}")
                _generate(client, day, arguments.events // _DAYS, arguments.people)
            generated_s = time.monotonic() - started
            status.update("settling")
            _settle(client)
            report = Report(
                benchmark="views",
                finished_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                machine=this_machine(),
                events=int(rows(client, "SELECT count() AS n FROM ugc.events")[0]["n"]),
                people=arguments.people,
                generated_s=round(generated_s, 1),
                views=[_time_view(client, each, arguments.repeats) for each in files if _wanted(each, arguments.only)],
                readers=[
                    _reader_cost(client, each, arguments.repeats)
                    for each in files
                    if _is_reader(each) and _wanted(each, arguments.only)
                ],
            )
    except (OperationError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _show(report)
    if arguments.json:
        write_json(report, arguments.json)
    return 0 if not _missed(report) else 1


def _generate(client: Client, day: int, events: int, people: int) -> None:
    statement = sqlfile.statements(_GENERATE.read_text(encoding="utf-8"))[0]
    execute(client, statement, day=day, events=events, people=people)


def _settle(client: Client) -> None:
    """Let the rollups count what was written, and merge everything."""
    refreshes.settle(client)
    for row in rows(client, _TABLES):
        execute(client, f"OPTIMIZE TABLE ugc.{row['name']} FINAL")


def _is_reader(view: views.View) -> bool:
    """Whether it shows the rows of the table of its name, each once, and does nothing else."""
    return f"FROM ugc.{view.name} FINAL\nSETTINGS" in view.statement


def _wanted(view: views.View, only: list[str]) -> bool:
    return not only or view.name in only


def _question(view: views.View) -> str:
    return sqlfile.section((views.FOLDER / f"{view.name}.sql").read_text(encoding="utf-8"), "Query")


def _time_view(client: Client, view: views.View, repeats: int) -> ViewTiming:
    question = _question(view)
    whole = None
    if not _is_reader(view) and "{" not in view.statement:
        whole = _time(client, f"SELECT * FROM analytics.{view.name}", repeats)  # noqa: S608 - the name of our own file
    return ViewTiming(view.name, question, _time(client, question, repeats), whole)


def _reader_cost(client: Client, view: views.View, repeats: int) -> ReaderCost:
    question = _question(view)
    plain = question.replace(f"analytics.{view.name}", f"ugc.{view.name}")
    pairs = [(_once(client, question), _once(client, plain)) for _ in range(max(repeats, 7))]
    return ReaderCost(view.name, min(pair[0] for pair in pairs), min(pair[1] for pair in pairs))


def _time(client: Client, query: str, repeats: int) -> Timing:
    taken = [_once(client, query) for _ in range(repeats)]
    return Timing(round(min(taken), 4), round(statistics.median(taken), 4))


def _once(client: Client, query: str) -> float:
    started = time.perf_counter()
    client.raw_query(query, fmt="Null")
    return time.perf_counter() - started


def _missed(report: Report) -> list[str]:
    """What does not keep its bar."""
    slow = [
        each.view
        for each in report.views
        if max(each.answered.best_s, each.whole.best_s if each.whole else 0) > _SLOW_S
    ]
    dear = [each.view for each in report.readers if each.ratio > _FINAL_RATIO]
    fast = sum(each.answered.best_s < _FAST_S for each in report.views)
    return [
        *(f"{name} takes over {_SLOW_S:g} s" for name in slow),
        *(f"FINAL costs {name} more than {_FINAL_RATIO} times the query without" for name in dear),
        *(
            [f"only {fast} of {len(report.views)} questions take less than {_FAST_S:g} s"]
            if 2 * fast <= len(report.views)
            else []
        ),
    ]


def _show(report: Report) -> None:
    table = Table(
        "view",
        "question, s",
        "median",
        "all its rows, s",
        "median",
        title=f"{report.events:,} events, {report.machine}",
    )
    for each in sorted(report.views, key=lambda each: -each.answered.best_s):
        whole = (f"{each.whole.best_s:.3f}", f"{each.whole.median_s:.3f}") if each.whole else ("-", "-")
        table.add_row(each.view, f"{each.answered.best_s:.3f}", f"{each.answered.median_s:.3f}", *whole)
    cost = Table("reader", "view, s", "table without FINAL, s", "ratio")
    for reader in report.readers:
        cost.add_row(reader.view, f"{reader.view_s:.4f}", f"{reader.table_s:.4f}", f"{reader.ratio:.2f}")
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    console.print(cost)
    for line in _missed(report) or ["every bar holds"]:
        console.print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench views",
        description=f"Generate events of {_DAYS} days in an engine of its own, and time every view: the question in "
        "its header, and all of its rows; and readers against the same query without FINAL.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--events", type=_count, default=10_000_000, help="how many to generate")
    add("--people", type=_count, default=30_000, help="how many people there are")
    add("--repeats", type=_count, default=3, help="how often each query runs")
    add("--only", nargs="+", default=[], metavar="VIEW", help="only these views")
    add("--json", type=Path, metavar="FILE", help="write the figures")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return value
