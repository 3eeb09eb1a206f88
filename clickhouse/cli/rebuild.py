"""`rebuild`: a typed table written again from the landing table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options
from clickhouse.connection.client import connected
from clickhouse.rows import rebuild

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "rebuild"
HELP: Final = "write a typed table again from the landing table"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("table", help="for instance clicks")


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait, statement_s=options.LONG_STATEMENT_S) as client:
        done = rebuild.rebuild(client, rebuild.find(client, arguments.table), print)
    print(f"{done.events:,} events written again; the table had {done.before:,} and has {done.after:,}")
    if done.deleted:
        print(f"{done.deleted:,} rows were deleted, which the MV no longer gives, or gives under another key")
    return 0
