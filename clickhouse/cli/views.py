"""`views`: the views of the database `analytics`, listed or made equal to their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, output, states
from clickhouse.connection.client import connected
from clickhouse.schema import views

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "views"
HELP: Final = "list the views, or make them equal to their files"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--apply", action="store_true", help="re-create what changed, drop what no longer has a file")
    parser.add_argument("--all", action="store_true", help="with --apply: re-create every view")


def run(arguments: Namespace, settings: Settings) -> int:
    files = views.load()
    with connected(settings, arguments.wait) as client:
        if arguments.apply:
            changes = views.apply(client, files, recreate=arguments.all)
            states.tell_changes(changes)
            print(f"{states.count_changed(changes)} views re-created or dropped")
        else:
            output.console().print(states.view_table(views.plan(client, files)))
    return 0
