"""The commands about data in motion and at rest: their arguments, and what they tell. Each does one module's work."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from clickhouse.cli import output, times
from clickhouse.connection.client import connected
from clickhouse.connection.errors import UsageError
from clickhouse.doctor.examination import Examination
from clickhouse.queue import pause as pausing
from clickhouse.rows import erase as erasing
from clickhouse.rows import errors
from clickhouse.rows import rebuild as rebuilding
from clickhouse.rows import reconcile as reconciling
from clickhouse.rows import replay as replaying

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from clickhouse.connection.settings import Settings

    Add = Callable[[str, Callable[[Namespace, Settings], int], str], ArgumentParser]

_SHOWN = 100
# A mutation that is waited for, or a month written again, says nothing until it is done.
_STATEMENT_S = 86_400


def register(add: Add) -> None:
    """Add every command of this module; `add` makes one that waits for ClickHouse."""
    paused = add("pause", pause, "stop consuming; events wait in Kafka")
    paused.add_argument(
        "--join", type=times.seconds, default=15.0, metavar="SECONDS", help="for the consumer (default 15)"
    )
    paused.add_argument("--force", action="store_true", help="also when it has not joined its group")
    resumed = add("resume", resume, "consume again, and tell how far behind it is")
    resumed.add_argument(
        "--join", type=times.seconds, default=15.0, metavar="SECONDS", help="for the consumer (default 15)"
    )

    errors = add("errors", errors_list, "look at what could not become an event, and read it again")
    errors.add_argument("action", choices=["list", "replay"])
    errors.add_argument(
        "--since", type=times.parse, metavar="TIME", help="produced then or later; 2h means 2 hours ago"
    )
    errors.add_argument("--until", type=times.parse, metavar="TIME", help="produced before that")
    errors.add_argument("--text", default="", help="stands in the error or in the raw message, upper or lower case")
    errors.add_argument("--limit", type=times.count, default=20, help="rows to list (default 20)")
    errors.add_argument("--dry-run", action="store_true", help="with replay: only count")
    _format(errors)

    rebuilt = add("rebuild", rebuild, "write a typed table again from the landing table")
    rebuilt.add_argument("table", help="for instance clicks")

    compared = add("reconcile", reconcile, "compare the landing table with the typed ones; exit code 1 on a difference")
    compared.add_argument("--since", type=times.parse, metavar="TIME", help="key_time then or later (default 7d)")
    compared.add_argument(
        "--settle", type=times.seconds, default=5.0, metavar="SECONDS", help="for events under way (default 5)"
    )
    compared.add_argument("--repair", action="store_true", help="write what is missing")
    compared.add_argument("--all", action="store_true", help="list hours without a difference, too")
    _format(compared)

    replayed = add("replay", replay, "read from Kafka again what the landing table does not have")
    replayed.add_argument(
        "--from", dest="start", type=times.parse_start, required=True, metavar="TIME|OFFSET", help="or earliest"
    )
    replayed.add_argument(
        "--within", type=times.seconds, default=600.0, metavar="SECONDS", help="to read it (default 600)"
    )

    erased = add("erase", erase, "delete a person, or everything before a time")
    erased.add_argument("--user-id", action="append", default=[], metavar="ID")
    erased.add_argument("--anonymous-id", action="append", default=[], metavar="ID")
    erased.add_argument("--before", type=times.parse, metavar="TIME", help="only what happened before that")
    erased.add_argument("--dry-run", action="store_true", help="only count")
    erased.add_argument("--yes", action="store_true", help="do not ask")
    _format(erased)

    examined = add("doctor", doctor, "follow one event from the API to a view, and tell where it stopped, and why")
    examined.add_argument("--api", metavar="URL", help="default: UGC_API_HOST and UGC_API_PORT")
    examined.add_argument(
        "--within", type=times.seconds, default=10.0, metavar="SECONDS", help="for each stage (default 10)"
    )
    examined.add_argument("--write-key", metavar="KEY", help="when the API asks for one")
    examined.add_argument("--keep", action="store_true", help="leave the event in the tables")
    _format(examined)


def _format(parser: ArgumentParser) -> None:
    parser.add_argument("--format", choices=["table", "json"], default="table", help="default table")


def pause(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait) as client:
        print(pausing.pause(client, join_s=arguments.join, force=arguments.force))
    return 0


def resume(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait) as client:
        print(pausing.resume(client, settings, join_s=arguments.join))
    return 0


def errors_list(arguments: Namespace, settings: Settings) -> int:
    """Both `errors list` and `errors replay`."""
    given = {"since": arguments.since, "until": arguments.until, "text": arguments.text}
    wanted = errors.Filter(**{name: value for name, value in given.items() if value is not None})
    with connected(settings, arguments.wait, statement_s=_STATEMENT_S) as client:
        if arguments.action == "list":
            found = errors.listed(client, wanted, arguments.limit)
        else:
            replayed = errors.replay(client, wanted, dry_run=arguments.dry_run)
    if arguments.action == "list":
        _show_errors(found, arguments.format)
    elif arguments.format == "json":
        output.as_json(replayed)
    else:
        verb = "would be brought" if arguments.dry_run else "were brought"
        print(f"{replayed.rows:,} rows of errors read: {replayed.events:,} events in them {verb} to ugc.events")
    return 0


def _show_errors(found: list[dict[str, object]], style: str) -> None:
    if style == "table":
        for row in found:
            row |= {name: str(row[name])[:_SHOWN] for name in ("error", "raw")}
    columns = ("kafka_timestamp", "kafka_partition", "kafka_offset", "error", "raw")
    output.show(found, *columns, title="What could not become an event", style=style)


def rebuild(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait, statement_s=_STATEMENT_S) as client:
        done = rebuilding.rebuild(client, rebuilding.find(client, arguments.table), print)
    print(f"{done.events:,} events written again; the table had {done.before:,} and has {done.after:,}")
    if done.deleted:
        print(f"{done.deleted:,} rows were deleted that the MV does not give any more, or not under their key")
    return 0


def reconcile(arguments: Namespace, settings: Settings) -> int:
    since = arguments.since or datetime.now(UTC) - timedelta(days=7)
    repaired: list[str] = []
    with connected(settings, arguments.wait, statement_s=_STATEMENT_S) as client:
        result = reconciling.reconcile(client, since, settle_s=arguments.settle)
        if arguments.repair and any(hour.missing for hour in result.hours):
            repaired = reconciling.repair(client, result, since)
            result = reconciling.reconcile(client, since, settle_s=arguments.settle)
    shown = [
        msgspec.to_builtins(hour, builtin_types=(datetime,)) for hour in result.hours if arguments.all or hour.differs
    ]
    if arguments.format == "json":
        output.as_json({"hours": shown, "without_view": result.without_view, "repaired": repaired})
    else:
        columns = ("event_type", "hour", "landed", "typed", "missing", "extra")
        if shown:
            output.show(
                shown, *columns, title=f"Landing and typed tables by hour of key_time, since {since:%Y-%m-%d %H:%M}"
            )
        for table in repaired:
            print(f"wrote to {table} what was missing")
        for event_type in result.without_view:
            print(f"{event_type} has no MV: `python -m clickhouse status --drift` prints the SQL that makes it")
        landed = sum(hour.landed for hour in result.hours)
        print(f"{landed:,} events compared: {'there are differences' if result.differs else 'no difference'}")
    return 1 if result.differs else 0


def replay(arguments: Namespace, settings: Settings) -> int:
    with connected(settings, arguments.wait, statement_s=_STATEMENT_S) as client:
        done = replaying.replay(client, settings, arguments.start, within_s=arguments.within, say=print)
    print(
        f"{done.messages:,} messages with {done.events:,} events read again; {done.added:,} were missing, and are there"
    )
    return 0


def erase(arguments: Namespace, settings: Settings) -> int:
    request = erasing.Request(
        users=tuple(arguments.user_id), anonymous=tuple(arguments.anonymous_id), before=arguments.before
    )
    request.check()
    with connected(settings, arguments.wait, statement_s=_STATEMENT_S) as client:
        parts = erasing.plan(client, request)
        counted = [{"table": part.table, "rows": part.rows} for part in parts]
        if arguments.format == "table":
            output.show(counted, "table", "rows", title="To be deleted")
        total = sum(part.rows for part in parts)
        if arguments.dry_run or not total:
            return _told(arguments, counted, "nothing was deleted")
        if not arguments.yes and not _confirmed(total):
            return _told(arguments, counted, "nothing was deleted")
        notes = erasing.erase(client, request, parts)
    return _told(arguments, counted, f"{total:,} rows deleted, and a query finds none of them any more", notes)


def _told(arguments: Namespace, counted: list[dict[str, object]], outcome: str, notes: Sequence[str] = ()) -> int:
    if arguments.format == "json":
        output.as_json({"tables": counted, "outcome": outcome, "notes": list(notes)})
    else:
        print(outcome, *(f"note: {note}" for note in notes), sep="\n")
    return 0


def _confirmed(total: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here: add --yes to delete, or --dry-run to count")
    try:
        return input(f"Delete these {total:,} rows for good? Type yes: ").strip() == "yes"
    except EOFError:
        return False


def doctor(arguments: Namespace, settings: Settings) -> int:
    examination = Examination(
        settings, api=arguments.api or settings.api_url, within_s=arguments.within, write_key=arguments.write_key
    )
    report = examination.run(keep=arguments.keep)
    if arguments.format == "json":
        output.as_json(report)
        return 1 if report.stopped else 0
    stages = [
        {
            "stage": stage.name,
            "ms": "stopped" if stage.milliseconds is None else stage.milliseconds,
            "": stage.note,
        }
        for stage in report.stages
    ]
    output.show(stages, "stage", "ms", "", title="One event on its way")
    if report.stopped:
        print(f"stopped at: {report.stopped}\ncause: {report.cause}\nnext: {report.next_command}")
        return 1
    print("all is well")
    return 0
