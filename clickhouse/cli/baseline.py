"""`baseline`: adopt a database that has the schema but not the list of what was applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options
from clickhouse.connection.client import connected
from clickhouse.schema import runner

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "baseline"
HELP: Final = "record migrations as applied, executing nothing"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--to", type=options.version, required=True, metavar="VERSION", help="the last one to record")


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait):
        for name in runner.baseline(settings, arguments.to):
            print(f"recorded {name} as applied; nothing was executed")
    return 0
