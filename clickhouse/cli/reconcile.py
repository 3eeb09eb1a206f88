"""`reconcile`: the landing table compared with the typed ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from clickhouse.cli import options, output, times
from clickhouse.connection.client import connected
from clickhouse.rows import reconcile

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "reconcile"
HELP: Final = "compare the landing table with the typed ones; exit code 1 on a difference"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--since", type=times.parse, metavar="TIME", help="key_time then or later (default 7d)")
    parser.add_argument(
        "--settle", type=times.seconds, default=5.0, metavar="SECONDS", help="for events under way (default 5)"
    )
    parser.add_argument("--repair", action="store_true", help="write what is missing")
    parser.add_argument("--all", action="store_true", help="list hours without a difference, too")
    options.add_format(parser)


def run(arguments: Namespace, settings: Settings) -> int:
    since = arguments.since or datetime.now(UTC) - timedelta(days=7)
    repaired: list[str] = []
    with connected(settings, arguments.wait, statement_s=options.LONG_STATEMENT_S) as client:
        result = reconcile.reconcile(client, since, settle_s=arguments.settle)
        if arguments.repair and any(hour.missing for hour in result.hours):
            repaired = reconcile.repair(client, result, since)
            result = reconcile.reconcile(client, since, settle_s=arguments.settle)
    shown = [
        msgspec.to_builtins(hour, builtin_types=(datetime,)) for hour in result.hours if arguments.all or hour.differs
    ]
    if arguments.format == "json":
        output.as_json({"hours": shown, "without_view": result.without_view, "repaired": repaired})
    else:
        columns = ("event_type", "hour", "landed", "typed", "missing", "extra")
        if shown:
            output.show(
                shown, *columns, title=f"Landing and typed tables by hour of key_time, since {since:%Y-%m-%d %H:%M}"
            )
        for table in repaired:
            print(f"wrote to {table} what was missing")
        for event_type in result.without_view:
            print(f"{event_type} has no MV: `python -m clickhouse status --drift` prints the SQL that creates it")
        landed = sum(hour.landed for hour in result.hours)
        print(f"{landed:,} events compared: {'there are differences' if result.differs else 'no difference'}")
    return 1 if result.differs else 0
