"""`diff`: the drift as a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, states
from clickhouse.connection.client import connected
from clickhouse.schema import definitions, drift

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "diff"
HELP: Final = "print the SQL that makes the server equal to schema.sql; exit code 1 when there is any"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("file", nargs="?", type=Path, default=definitions.FILE, help="another file made by `dump`")


def run(arguments: Namespace, settings: Settings) -> int:
    wanted = definitions.read(settings.retention.variables(), arguments.file)
    with connected(settings, arguments.wait) as client:
        drifted = drift.differences(client, wanted)
    states.tell_drift(drifted)
    return 1 if drifted else 0
