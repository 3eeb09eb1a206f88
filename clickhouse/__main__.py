"""`python -m clickhouse`: migrations, views and the DBA's tools; a command is a function of (arguments, settings)."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse.cli import row_commands, schema_commands, times
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.connection.settings import read_settings
from clickhouse.schema import definitions
from common.topic import KafkaUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """The command line; every subcommand sets `run`."""
    top = argparse.ArgumentParser(
        prog="python -m clickhouse",
        description="Migrations, views and the DBA's tools of the event store.",
        epilog="Environment: UGC_CLICKHOUSE_URL (default http://127.0.0.1:$UGC_CLICKHOUSE_PORT, port 8123), "
        "UGC_KAFKA_BOOTSTRAP (host:port[,host:port], needed by migrate). "
        "Exit code 1: ClickHouse refused or a file is broken; 2: a setting or an argument is wrong.",
    )
    subcommands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: schema_commands.Command, text: str) -> argparse.ArgumentParser:
        added = subcommands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        added.set_defaults(run=run)
        return added

    def waits(added: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added.add_argument(
            "--wait", type=times.seconds, default=30.0, metavar="SECONDS", help="for an answer (default 30)"
        )
        return added

    def formats(added: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added.add_argument("--format", choices=["table", "json"], default="table", help="default table")
        return added

    migrate = waits(
        command(
            "migrate", schema_commands.migrate, "apply pending migrations, then make the views equal to their files"
        )
    )
    migrate.add_argument("--dry-run", action="store_true", help="print the SQL instead, with secrets masked")
    migrate.add_argument("--to", type=_version, metavar="VERSION", help="apply none above this one")
    migrate.add_argument("--lock", action="store_true", help="let two runs wait for each other; needs Keeper")
    migrate.add_argument(
        "--recreate-queue", action="store_true", help="make the queue again, for instance with a new password of Kafka"
    )
    status = formats(
        waits(
            command(
                "status", schema_commands.status, "list migrations and views; exit code 1 when something is to be done"
            )
        )
    )
    status.add_argument("--drift", action="store_true", help="also compare the server with definitions.sql, as SQL")
    diff = waits(command("diff", schema_commands.diff, "print the SQL that makes the server equal to definitions.sql"))
    diff.add_argument("file", nargs="?", type=Path, default=definitions.FILE, help="another file made by `dump`")
    baseline = waits(command("baseline", schema_commands.baseline, "record migrations as applied, executing nothing"))
    baseline.add_argument("--to", type=_version, required=True, metavar="VERSION", help="the last one to record")
    repair = waits(command("repair", schema_commands.repair, "show applied migrations whose files were changed"))
    repair.add_argument("--version", type=times.count, action="append", default=[], metavar="N", help="only this one")
    repair.add_argument("--write", action="store_true", help="record the files as they are now, executing nothing")
    repair.add_argument("--prune", action="store_true", help="with --write: forget what has no file any more")
    down = waits(command("down", schema_commands.down, "undo migrations, with the data in what they made"))
    how_far = down.add_mutually_exclusive_group()
    how_far.add_argument("--steps", type=times.count, default=1, metavar="N", help="how many to undo (default 1)")
    how_far.add_argument("--to", type=_version, metavar="VERSION", help="undo all above this one, 0 for everything")
    new = command("new", schema_commands.new, "scaffold the next migration and its down file, or all of an event type")
    new.add_argument("name", nargs="+", help='what it does, for instance "add ratings"; or: event-type NAME')
    command("validate", schema_commands.validate, "check the files of migrations and views, without a server")
    dump = waits(command("dump", schema_commands.dump, "print the schema of the server as SQL"))
    dump.add_argument("--write", action="store_true", help="make definitions.sql from the migrations; needs no server")
    views = waits(command("views", schema_commands.views, "list the views, or make them equal to their files"))
    views.add_argument("--apply", action="store_true", help="re-create what changed, drop what has no file any more")
    views.add_argument("--all", action="store_true", help="with --apply: re-create every view")
    waits(
        command(
            "access", schema_commands.apply_access, "make roles, rights and limits from clickhouse/access/, on a server"
        )
    )
    row_commands.register(lambda name, run, text: waits(command(name, run, text)))
    command(
        "check",
        schema_commands.check,
        "apply everything to a ClickHouse of its own: up, down, up; needs nothing running",
    )
    return top


def main(argv: Sequence[str]) -> int:
    # the driver and clickhouse-migrations log what they also raise
    for name in ("clickhouse_connect", "clickhouse_migrations"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    arguments = parser().parse_args(argv)
    try:
        settings = read_settings(os.environ)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        return int(arguments.run(arguments, settings))
    except (UsageError, OperationError) as error:
        print(f"error: {settings.masked(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KafkaUnavailableError as error:
        print(
            f"error: {settings.masked(str(error))}. Start it, or correct UGC_KAFKA_BOOTSTRAP "
            "(and UGC_KAFKA_SECURITY_PROTOCOL, UGC_KAFKA_SASL_…)",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130


def _version(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text}: expected 0 or more")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
