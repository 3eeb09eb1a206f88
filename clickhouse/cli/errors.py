"""`errors list` and `errors replay`: what could not become an event, looked at and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from clickhouse.cli import options, output, times
from clickhouse.connection.client import connected
from clickhouse.rows import rejects
from common.names import LANDING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "errors"
HELP: Final = "look at what could not become an event, and read it again"
_SHOWN: Final = 100


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("action", choices=["list", "replay"])
    parser.add_argument(
        "--since", type=times.parse, metavar="TIME", help="produced then or later; 2h means 2 hours ago"
    )
    parser.add_argument("--until", type=times.parse, metavar="TIME", help="produced before that")
    parser.add_argument("--text", default="", help="found in the error or in the raw message, upper or lower case")
    parser.add_argument("--limit", type=times.count, default=20, help="rows to list (default 20)")
    parser.add_argument("--dry-run", action="store_true", help="with replay: only count")
    options.add_format(parser)


def run(arguments: Namespace, settings: Settings) -> int:
    given = {"since": arguments.since, "until": arguments.until, "text": arguments.text}
    wanted = rejects.Filter(**{name: value for name, value in given.items() if value is not None})
    with connected(settings, arguments.wait, statement_s=options.LONG_STATEMENT_S) as client:
        if arguments.action == "list":
            _show(rejects.listed(client, wanted, arguments.limit), arguments.format)
            return 0
        replayed = rejects.replay(client, wanted, dry_run=arguments.dry_run)
    if arguments.format == "json":
        output.as_json(replayed)
    else:
        verb = "would be brought" if arguments.dry_run else "were brought"
        print(f"{replayed.rows:,} rows of errors read: {replayed.events:,} events in them {verb} to {LANDING}")
    return 0


def _show(found: list[dict[str, Any]], style: str) -> None:
    if style == "table":
        for row in found:
            row |= {name: str(row[name])[:_SHOWN] for name in ("error", "raw")}
    columns = ("kafka_timestamp", "kafka_partition", "kafka_offset", "error", "raw")
    output.show(found, *columns, title="What could not become an event", style=style)
