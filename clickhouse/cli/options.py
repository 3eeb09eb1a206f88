"""Options that several commands have."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import TYPE_CHECKING, Final

from clickhouse.cli import times

if TYPE_CHECKING:
    from argparse import ArgumentParser

LONG_STATEMENT_S: Final = 86_400
"""A mutation that is waited for, or a month written again, says nothing until it is done."""


def add_wait(parser: ArgumentParser) -> None:
    """How long to wait for ClickHouse."""
    parser.add_argument(
        "--wait", type=times.seconds, default=30.0, metavar="SECONDS", help="for an answer (default 30)"
    )


def add_format(parser: ArgumentParser) -> None:
    """A table for people, or JSON for programs."""
    parser.add_argument("--format", choices=["table", "json"], default="table", help="default table")


def add_join(parser: ArgumentParser) -> None:
    """How long to wait for the consumer."""
    parser.add_argument(
        "--join", type=times.seconds, default=15.0, metavar="SECONDS", help="for the consumer (default 15)"
    )


def version(text: str) -> int:
    """The number of a migration, or 0."""
    value = int(text)
    if value < 0:
        raise ArgumentTypeError(f"{text}: expected 0 or more")
    return value
