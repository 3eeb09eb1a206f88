"""The command line: a parser over the commands, and what an error looks like at the terminal."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol

from clickhouse.cli import (
    access,
    baseline,
    check,
    dictionary,
    diff,
    doctor,
    down,
    dump,
    erase,
    errors,
    migrate,
    new,
    pause,
    rebuild,
    reconcile,
    recount,
    repair,
    replay,
    resume,
    status,
    validate,
    views,
)
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.connection.settings import read_settings
from common.clickhouse import name_client
from common.topic import KafkaUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clickhouse.connection.settings import Settings


class Command(Protocol):
    """What each module of a command holds."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a module's constant
    @property
    def HELP(self) -> str: ...  # noqa: N802

    def add_arguments(self, parser: argparse.ArgumentParser, /) -> None: ...
    def run(self, arguments: argparse.Namespace, settings: Settings, /) -> int: ...


COMMANDS: Final[tuple[Command, ...]] = (
    # the schema on a server
    migrate,
    status,
    diff,
    views,
    access,
    dump,
    down,
    baseline,
    repair,
    # events under way, and rows that are there
    doctor,
    pause,
    resume,
    errors,
    replay,
    rebuild,
    reconcile,
    recount,
    erase,
    # the files
    new,
    validate,
    check,
    dictionary,
)


def parser() -> argparse.ArgumentParser:
    """The command line; every subcommand sets `run`."""
    top = argparse.ArgumentParser(
        prog="python -m clickhouse",
        description="Migrations, views and the DBA's tools of the event store.",
        epilog="Environment: UGC_CLICKHOUSE_URL (default http://127.0.0.1:$UGC_CLICKHOUSE_PORT, port 8123), "
        "UGC_KAFKA_BOOTSTRAP (host:port[,host:port], needed by migrate). "
        "Exit code 1: ClickHouse or Kafka refused, or a file is broken; 2: a setting or an argument is wrong.",
    )
    subcommands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        text = command.HELP
        added = subcommands.add_parser(command.NAME, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.add_arguments(added)
        added.set_defaults(run=command.run)
    return top


def main(argv: Sequence[str]) -> int:
    """Run one command; its exit code."""
    # the driver and clickhouse-migrations log what they also raise
    for name in ("clickhouse_connect", "clickhouse_migrations"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    name_client()
    arguments = parser().parse_args(argv)
    try:
        settings = read_settings(os.environ)
    except UsageError as error:
        return _failed(str(error), 2)
    try:
        return int(arguments.run(arguments, settings))
    except UsageError as error:
        return _failed(settings.masked(str(error)), 2)
    except OperationError as error:
        return _failed(settings.masked(str(error)), 1)
    except KafkaUnavailableError as error:
        advice = "Start it, or correct UGC_KAFKA_BOOTSTRAP (and UGC_KAFKA_SECURITY_PROTOCOL, UGC_KAFKA_SASL_…)"
        return _failed(settings.masked(f"{error}. {advice}"), 1)
    except KeyboardInterrupt:
        return 130


def _failed(text: str, code: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return code
