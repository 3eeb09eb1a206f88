"""`recount`: days counted and cut again, of which every row is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, times
from clickhouse.connection.client import connected
from clickhouse.rows import recount

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "recount"
HELP: Final = "count days again in every rollup, and cut their sessions again"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument(
        "--from", dest="first", type=times.day, required=True, metavar="DAY", help="for instance 2026-11-01"
    )
    parser.add_argument(
        "--to", dest="last", type=times.day, required=True, metavar="DAY", help="yesterday at the latest"
    )
    parser.add_argument(
        "--what-is-left", action="store_true", help="also days of which events are gone that were counted"
    )


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait, statement_s=options.LONG_STATEMENT_S) as client:
        days = recount.recount(client, arguments.first, arguments.last, print, what_is_left=arguments.what_is_left)
    print(f"{days} days were counted again")
    return 0
