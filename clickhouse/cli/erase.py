"""`erase`: a person, or everything before a time, deleted; asked for a confirmation first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, output, times
from clickhouse.connection.client import connected
from clickhouse.connection.errors import UsageError
from clickhouse.rows import erase

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from clickhouse.connection.settings import Settings

NAME: Final = "erase"
HELP: Final = "delete a person, or everything before a time"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--user-id", action="append", default=[], metavar="ID")
    parser.add_argument("--anonymous-id", action="append", default=[], metavar="ID")
    parser.add_argument("--before", type=times.parse, metavar="TIME", help="only what happened before that")
    parser.add_argument("--dry-run", action="store_true", help="only count")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options.add_format(parser)


def run(arguments: Namespace, settings: Settings) -> int:
    request = erase.Request(
        users=tuple(arguments.user_id), anonymous=tuple(arguments.anonymous_id), before=arguments.before
    )
    request.check()
    with connected(settings, arguments.wait, statement_s=options.LONG_STATEMENT_S) as client:
        parts = erase.plan(client, request)
        counted = [{"table": part.table, "rows": part.rows} for part in parts]
        if arguments.format == "table":
            output.show(counted, "table", "rows", title="To be deleted")
        total = sum(part.rows for part in parts)
        if arguments.dry_run or not total:
            return _told(arguments, counted, "nothing was deleted")
        if not arguments.yes and not _confirmed(total):
            return _told(arguments, counted, "nothing was deleted")
        notes = erase.erase(client, request, parts)
    return _told(arguments, counted, f"{total:,} rows deleted; a query finds none of them any longer", notes)


def _told(arguments: Namespace, counted: list[dict[str, object]], outcome: str, notes: Sequence[str] = ()) -> int:
    if arguments.format == "json":
        output.as_json({"tables": counted, "outcome": outcome, "notes": list(notes)})
    else:
        print(outcome, *(f"note: {note}" for note in notes), sep="\n")
    return 0


def _confirmed(total: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at: add --yes to delete, or --dry-run to count")
    try:
        return input(f"Delete these {total:,} rows for good? Type yes: ").strip() == "yes"
    except EOFError:
        return False
