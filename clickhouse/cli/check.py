"""`check`: everything applied to an engine of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.authoring import check

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "check"
HELP: Final = "apply everything to a ClickHouse of its own: up, down, up; needs nothing running"


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(_arguments: Namespace, _settings: Settings) -> int:
    for line in check.run():
        print(line, flush=True)
    return 0
