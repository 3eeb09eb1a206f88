"""`replay`: events read from Kafka again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, times
from clickhouse.connection.client import connected
from clickhouse.rows import replay

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "replay"
HELP: Final = "read from Kafka again what the landing table does not have"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument(
        "--from", dest="start", type=times.parse_start, required=True, metavar="TIME|OFFSET", help="or earliest"
    )
    parser.add_argument(
        "--within", type=times.seconds, default=600.0, metavar="SECONDS", help="to read it (default 600)"
    )


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait, statement_s=options.LONG_STATEMENT_S) as client:
        done = replay.replay(client, settings, arguments.start, within_s=arguments.within, say=print)
    print(
        f"{done.messages:,} messages with {done.events:,} events read again; {done.added:,} were missing and were added"
    )
    return 0
