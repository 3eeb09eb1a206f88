"""`resume`: consume again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options
from clickhouse.connection.client import connected
from clickhouse.queue import pause

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "resume"
HELP: Final = "consume again, and tell how far behind it is"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    options.add_join(parser)


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait) as client:
        print(pause.resume(client, settings, join_s=arguments.join))
    return 0
