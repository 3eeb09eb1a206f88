"""`new`: the files of the next migration, or all that an event type needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.authoring import scaffold
from clickhouse.connection.errors import UsageError
from clickhouse.schema import runner

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "new"
HELP: Final = "scaffold the next migration and its down file, or all files of an event type"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="+", help='what it does, for instance "add ratings"; or: event-type NAME')


def run(arguments: Namespace, _settings: Settings) -> int:
    if arguments.name[0] == "event-type":
        if len(arguments.name) != 2:  # noqa: PLR2004 - the words `event-type NAME`
            raise UsageError("say which: new event-type NAME, for instance film_rating")
        made = scaffold.event_type(arguments.name[1])
    else:
        made = scaffold.Scaffold(runner.new(" ".join(arguments.name)), [])
    for path in made.files:
        print(f"wrote {path}")
    for step in made.next_steps:
        print(f"next: {step}")
    return 0
