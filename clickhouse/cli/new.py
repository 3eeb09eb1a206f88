"""`new`: the files of the next migration, or all that an event type or a column of every event needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.authoring.scaffold import common_column, event_type
from clickhouse.authoring.scaffold.made import Scaffold
from clickhouse.connection.errors import UsageError
from clickhouse.schema import runner

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "new"
HELP: Final = "scaffold the next migration and its down file, or all files of an event type or a common column"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="+",
        help='what it does, for instance "add ratings"; or: event-type NAME; or: common-column NAME TYPE',
    )


def run(arguments: Namespace, _settings: Settings) -> int:
    kind, *rest = arguments.name
    if kind == "event-type":
        if len(rest) != 1:
            raise UsageError("say which: new event-type NAME, for instance film_rating")
        made = event_type.write(rest[0])
    elif kind == "common-column":
        if len(rest) != 2:  # noqa: PLR2004 - the words `common-column NAME TYPE`
            raise UsageError("say which: new common-column NAME TYPE, for instance experiment 'LowCardinality(String)'")
        made = common_column.write(rest[0], rest[1])
    else:
        made = Scaffold(runner.new(" ".join(arguments.name)), [])
    for path in made.files:
        print(f"wrote {path}")
    for step in made.next_steps:
        print(f"next: {step}")
    return 0
