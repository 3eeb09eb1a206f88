"""`pause`: stop consuming."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options
from clickhouse.connection.client import connected
from clickhouse.queue import pause

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "pause"
HELP: Final = "stop consuming; events wait in Kafka"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    options.add_join(parser)
    parser.add_argument("--force", action="store_true", help="also when it has not joined its group")


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait) as client:
        print(pause.pause(client, join_s=arguments.join, force=arguments.force))
    return 0
