"""`validate`: the files of migrations and views, checked without a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.authoring import validation

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "validate"
HELP: Final = "check the files of migrations and views, without a server"


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(_arguments: Namespace, _settings: Settings) -> int:
    """Every problem on a line of its own; exit code 1 when there is one."""
    problems = validation.problems()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "migrations and views are in order")
    return 1 if problems else 0
