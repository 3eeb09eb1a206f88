"""What each subcommand does, and how it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.table import Table

from clickhouse.authoring import check as checking
from clickhouse.authoring import scaffold as scaffolding
from clickhouse.authoring import validation
from clickhouse.cli import output
from clickhouse.connection.client import connected, rows
from clickhouse.connection.errors import UsageError
from clickhouse.queue import consumer
from clickhouse.schema import access, definitions, drift, retention, runner
from clickhouse.schema import views as view_files

if TYPE_CHECKING:
    from argparse import Namespace

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

Command = Callable[["Namespace", "Settings"], int]

_NAMES = {"md5-mismatch": "changed"}
_STATES = {
    "applied": "[green]applied[/]",
    "pending": "[yellow]pending[/]",
    "md5-mismatch": "[red]changed after it was applied[/]",
    "unknown": "[red]applied, but there is no file[/]",
    "current": "[green]current[/]",
    "created": "[yellow]missing[/]",
    "changed": "[yellow]file changed[/]",
    "dropped": "[yellow]no file any more[/]",
    "left out": "[yellow]waits for its tables[/]",
}


def migrate(arguments: Namespace, settings: Settings) -> int:
    """Migrations, the queue's brokers, views. The address of Kafka is checked before ClickHouse is waited for."""
    runner.variables(settings)
    files = view_files.load()
    with connected(settings, arguments.wait) as client:
        waiting = runner.pending(settings, to_version=arguments.to)
        if arguments.dry_run:
            return _tell_plan(waiting, view_files.plan(client, files))
        applied = runner.migrate(settings, to_version=arguments.to, lock=arguments.lock)
        for name in applied:
            print(f"applied {name}")
        moved = consumer.follow_brokers(client, runner.queue_statement(settings), recreate=arguments.recreate_queue)
        if moved:
            print(moved)
        for table in retention.follow(client, settings):
            print(f"ugc.{table} keeps its rows for another time now")
        # a migration may change the columns that a view was made from
        changes = view_files.apply(client, files, recreate=bool(applied))
    _tell(changes)
    print(f"{len(applied)} migrations applied, {_changed(changes)} views re-created or dropped")
    return 0


def _tell_plan(waiting: list[tuple[str, list[str]]], changes: list[view_files.Change]) -> int:
    for name, statements in waiting:
        print(f"-- {name}\n")
        for statement in statements:
            print(f"{statement.removesuffix(';')};\n")
    for change in changes:
        if change.action in {"created", "changed", "dropped"}:
            print(f"-- view analytics.{change.name} would be {change.action}")
    print(f"-- {len(waiting)} migrations would be applied; nothing was done")
    return 0


def apply_access(arguments: Namespace, settings: Settings) -> int:
    """Roles and limits; where there are no users to manage, says so and changes nothing."""
    with connected(settings, arguments.wait) as client:
        applied = access.apply(client)
    for name in applied:
        print(f"applied access/{name}")
    if not applied:
        print(access.SKIPPED)
    return 0


def down(arguments: Namespace, settings: Settings) -> int:
    """Undo, and drop the views whose tables went with it."""
    with connected(settings, arguments.wait) as client:
        undone = runner.down(settings, steps=arguments.steps, to_version=arguments.to)
        for name in undone:
            print(f"ran {name}")
        if _has_analytics(client):
            _tell(view_files.apply(client, view_files.load()))
    print(f"{len(undone)} migrations undone")
    return 0


def status(arguments: Namespace, settings: Settings) -> int:
    """Two tables, migrations and views, and with --drift a third; exit code 1 when anything is to be done."""
    with connected(settings, arguments.wait) as client:
        known = runner.status(settings)
        plan = view_files.plan(client, view_files.load())
        drifted = drift.differences(client, definitions.read(settings.retention.variables())) if arguments.drift else []
    if arguments.format == "json":
        output.as_json(
            {
                "migrations": [
                    {"file": name, "state": _NAMES.get(row.state, row.state), "applied_at": row.applied_at}
                    for name, row in known
                ],
                "views": [{"view": change.name, "state": change.action} for change in plan],
                "drift": drifted if arguments.drift else None,
            }
        )
    else:
        title = f"Migrations at {settings.shown_url}"
        table = Table("migration", "state", "applied at (UTC)", "can be undone", title=title)
        for name, row in known:
            applied_at = f"{row.applied_at:%Y-%m-%d %H:%M:%S}" if row.applied_at else ""
            table.add_row(name, _STATES[row.state], applied_at, "yes" if row.has_down else "no")
        output.console().print(table)
        output.console().print(_view_table(plan))
        if arguments.drift:
            _tell_drift(drifted)
    settled = all(row.state == "applied" for _, row in known) and all(change.action == "current" for change in plan)
    return 0 if settled and not drifted else 1


def diff(arguments: Namespace, settings: Settings) -> int:
    """The drift as a script on stdout; exit code 1 when there is any."""
    wanted = definitions.read(settings.retention.variables(), arguments.file)
    with connected(settings, arguments.wait) as client:
        drifted = drift.differences(client, wanted)
    _tell_drift(drifted)
    return 1 if drifted else 0


def _tell_drift(drifted: list[drift.Difference]) -> None:
    for difference in drifted:
        print(f"-- {difference.object} {difference.what}\n{difference.sql}\n")
    print(
        f"-- {len(drifted)} objects differ from definitions.sql"
        if drifted
        else "-- the schema is as definitions.sql says"
    )


def baseline(arguments: Namespace, settings: Settings) -> int:
    """Adopt a database that has the schema but not the list of what was applied."""
    with connected(settings, arguments.wait):
        for name in runner.baseline(settings, arguments.to):
            print(f"recorded {name} as applied; nothing was executed")
    return 0


def repair(arguments: Namespace, settings: Settings) -> int:
    """Show, or with --write record, files that were changed after they were applied; exit code 1 when any remains."""
    with connected(settings, arguments.wait):
        found = runner.repair(settings, arguments.version, write=arguments.write, prune=arguments.prune)
    for name, state in found:
        print(f"{name}: {_NAMES.get(state, state)}")
    left = [name for name, state in found if state in runner.OUT_OF_SYNC]
    if not found:
        print("every applied migration has its file as it was applied")
    elif left and not arguments.write:
        print("`repair --write` records the files as they are now; it executes nothing. `--prune` forgets the unknown.")
    return 1 if left else 0


def new(arguments: Namespace, _settings: Settings) -> int:
    """Two files with the header that `validate` asks for, or all that an event type needs."""
    if arguments.name[0] == "event-type":
        if len(arguments.name) != 2:  # noqa: PLR2004 - the words `event-type NAME`
            raise UsageError("say which: new event-type NAME, for instance film_rating")
        scaffold = scaffolding.event_type(arguments.name[1])
    else:
        scaffold = scaffolding.Scaffold(runner.new(" ".join(arguments.name)), [])
    for path in scaffold.files:
        print(f"wrote {path}")
    for step in scaffold.next_steps:
        print(f"next: {step}")
    return 0


def validate(_arguments: Namespace, _settings: Settings) -> int:
    """Every problem on a line of its own; exit code 1 when there is one."""
    problems = validation.problems()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "migrations and views are in order")
    return 1 if problems else 0


def dump(arguments: Namespace, settings: Settings) -> int:
    """The schema as SQL on stdout; or, from an engine of its own, into definitions.sql."""
    if arguments.write:
        changed = checking.write_schema()
        print(f"{definitions.FILE.name} {'was written' if changed else 'is current'}")
        return 0
    with connected(settings, arguments.wait) as client:
        print(definitions.dump(client), end="")
    return 0


def views(arguments: Namespace, settings: Settings) -> int:
    """List, or apply."""
    files = view_files.load()
    with connected(settings, arguments.wait) as client:
        if arguments.apply:
            changes = view_files.apply(client, files, recreate=arguments.all)
            _tell(changes)
            print(f"{_changed(changes)} views re-created or dropped")
        else:
            output.console().print(_view_table(view_files.plan(client, files)))
    return 0


def check(_arguments: Namespace, _settings: Settings) -> int:
    """Everything on an engine of its own."""
    for line in checking.run():
        print(line, flush=True)
    return 0


def _has_analytics(client: Client) -> bool:
    return bool(rows(client, "SELECT 1 FROM system.databases WHERE name = 'analytics'"))


def _view_table(changes: list[view_files.Change]) -> Table:
    table = Table("view", "state", title="Views of analytics")
    for change in changes:
        table.add_row(change.name, _STATES[change.action])
    return table


def _tell(changes: list[view_files.Change]) -> None:
    for change in changes:
        if change.action not in {"current", "left out"}:
            print(f"{change.action} view analytics.{change.name}")


def _changed(changes: list[view_files.Change]) -> int:
    return sum(change.action in {"created", "changed", "dropped"} for change in changes)
