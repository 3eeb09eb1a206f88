"""What each subcommand does, and how it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from clickhouse import check as checking
from clickhouse import migrations, queue, schema, validation
from clickhouse import views as view_files
from clickhouse.client import connected, rows

if TYPE_CHECKING:
    from argparse import Namespace

    from clickhouse_connect.driver.client import Client

    from clickhouse.settings import Settings

Command = Callable[["Namespace", "Settings"], int]

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
    migrations.variables(settings)
    files = view_files.load()
    with connected(settings, arguments.wait) as client:
        applied = migrations.migrate(settings)
        for name in applied:
            print(f"applied {name}")
        moved = queue.follow_brokers(client, settings)
        if moved:
            print(moved)
        # a migration may change the columns that a view was made from
        changes = view_files.apply(client, files, recreate=bool(applied))
    _tell(changes)
    print(f"{len(applied)} migrations applied, {_changed(changes)} views re-created or dropped")
    return 0


def down(arguments: Namespace, settings: Settings) -> int:
    """Undo, and drop the views whose tables went with it."""
    with connected(settings, arguments.wait) as client:
        undone = migrations.down(settings, steps=arguments.steps, to_version=arguments.to)
        for name in undone:
            print(f"ran {name}")
        if _has_analytics(client):
            _tell(view_files.apply(client, view_files.load()))
    print(f"{len(undone)} migrations undone")
    return 0


def status(arguments: Namespace, settings: Settings) -> int:
    """Two tables: migrations and views."""
    console = Console()
    with connected(settings, arguments.wait) as client:
        title = f"Migrations at {settings.shown_url}"
        table = Table("migration", "state", "applied at (UTC)", "can be undone", title=title)
        for name, row in migrations.status(settings):
            applied_at = f"{row.applied_at:%Y-%m-%d %H:%M:%S}" if row.applied_at else ""
            table.add_row(name, _STATES[row.state], applied_at, "yes" if row.has_down else "no")
        console.print(table)
        console.print(_view_table(view_files.plan(client, view_files.load())))
    return 0


def new(arguments: Namespace, _settings: Settings) -> int:
    """Two files with the header that `validate` asks for."""
    for path in migrations.new(arguments.name):
        print(f"wrote {path}")
    return 0


def validate(_arguments: Namespace, _settings: Settings) -> int:
    """Every problem on a line of its own; exit code 1 when there is one."""
    problems = validation.problems()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "migrations and views are in order")
    return 1 if problems else 0


def dump(arguments: Namespace, settings: Settings) -> int:
    """The schema as SQL on stdout."""
    with connected(settings, arguments.wait) as client:
        print(schema.dump(client), end="")
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
            Console().print(_view_table(view_files.plan(client, files)))
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
