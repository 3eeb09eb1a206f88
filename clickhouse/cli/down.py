"""`down`: undo migrations, and drop the views whose tables went with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, states, times
from clickhouse.connection.client import connected, rows
from clickhouse.schema import runner, views
from common.names import ANALYTICS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "down"
HELP: Final = "undo migrations, with the data in what they made"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    how_far = parser.add_mutually_exclusive_group()
    how_far.add_argument("--steps", type=times.count, default=1, metavar="N", help="how many to undo (default 1)")
    how_far.add_argument(
        "--to", type=options.version, metavar="VERSION", help="undo all above this one, 0 for everything"
    )


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait) as client:
        undone = runner.down(settings, steps=arguments.steps, to_version=arguments.to)
        for name in undone:
            print(f"ran {name}")
        if rows(client, "SELECT 1 FROM system.databases WHERE name = {name:String}", name=ANALYTICS):
            states.tell_changes(views.apply(client, views.load()))
    print(f"{len(undone)} migrations undone")
    return 0
