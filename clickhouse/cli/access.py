"""`access`: roles, rights and limits on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options
from clickhouse.connection.client import connected
from clickhouse.schema import access

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "access"
HELP: Final = "create roles, rights and limits from clickhouse/access/, on a server"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)


def run(arguments: Namespace, settings: Settings) -> int:
    """Where there are no users to manage, say so and change nothing."""
    with connected(settings, arguments.wait) as client:
        applied = access.apply(client)
    for name in applied:
        print(f"applied access/{name}")
    if not applied:
        print(access.SKIPPED)
    return 0
