"""`repair`: files that were changed after they were applied, shown or recorded as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, states, times
from clickhouse.connection.client import connected
from clickhouse.schema import runner

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "repair"
HELP: Final = "show applied migrations whose files were changed; exit code 1 when any remains"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--version", type=times.count, action="append", default=[], metavar="N", help="only this one")
    parser.add_argument("--write", action="store_true", help="record the files as they are now, executing nothing")
    parser.add_argument("--prune", action="store_true", help="with --write: forget those whose file is gone")


def run(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait):
        found = runner.repair(settings, arguments.version, write=arguments.write, prune=arguments.prune)
    for name, state in found:
        print(f"{name}: {states.NAMES.get(state, state)}")
    left = [name for name, state in found if state in runner.OUT_OF_SYNC]
    if not found:
        print("every applied migration has its file as it was applied")
    elif left and not arguments.write:
        print("`repair --write` records the files as they are now; it executes nothing. `--prune` forgets the unknown.")
    return 1 if left else 0
