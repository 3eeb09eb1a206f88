"""`dump`: the schema of a server as SQL, or schema.sql written from the migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.authoring import check
from clickhouse.cli import options
from clickhouse.connection.client import connected
from clickhouse.schema import definitions

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "dump"
HELP: Final = "print the schema of the server as SQL"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--write", action="store_true", help="make schema.sql from the migrations; needs no server")


def run(arguments: Namespace, settings: Settings) -> int:
    if arguments.write:
        changed = check.write_schema()
        print(f"{definitions.FILE.name} {'was written' if changed else 'is current'}")
        return 0
    with connected(settings, arguments.wait) as client:
        print(definitions.dump(client), end="")
    return 0
