"""`dictionary`: docs/dictionary.md, written from the schema and the example events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.authoring import dictionary

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "dictionary"
HELP: Final = "write docs/dictionary.md from the files; needs nothing running"


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(_arguments: Namespace, _settings: Settings) -> int:
    changed = dictionary.write()
    print(f"docs/{dictionary.FILE.name} {'was written' if changed else 'is current'}")
    return 0
