"""`status`: where migrations and views stand, and with `--drift` the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from clickhouse.cli import options, output, states
from clickhouse.connection.client import connected, rows
from clickhouse.schema import definitions, drift, runner, views

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

NAME: Final = "status"
HELP: Final = "list migrations and views; exit code 1 when something is to be done"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    options.add_format(parser)
    parser.add_argument("--drift", action="store_true", help="also compare the server with schema.sql, as SQL")


def run(arguments: Namespace, settings: Settings) -> int:
    """Two tables, migrations and views, and with --drift a third; exit code 1 when anything is to be done.

    And a note when events came for days that cannot be counted again, about which nothing can be done.
    """
    with connected(settings, arguments.wait) as client:
        known = runner.status(settings)
        plan = views.plan(client, views.load())
        late = _late_days(client, plan)
        drifted = drift.differences(client, definitions.read(settings.retention.variables())) if arguments.drift else []
    if arguments.format == "json":
        output.as_json(
            {
                "migrations": [
                    {"file": name, "state": states.NAMES.get(row.state, row.state), "applied_at": row.applied_at}
                    for name, row in known
                ],
                "views": [{"view": change.name, "state": change.action} for change in plan],
                "drift": drifted if arguments.drift else None,
                "late_days": late,
            }
        )
    else:
        output.console().print(_migration_table(known, settings))
        output.console().print(states.view_table(plan))
        if arguments.drift:
            states.tell_drift(drifted)
        if late:
            print(f"note: {late} days lack events that came too late to be counted; the view late_days tells which")
    settled = all(row.state == "applied" for _, row in known) and all(change.action == "current" for change in plan)
    return 0 if settled and not drifted else 1


def _late_days(client: Client, plan: list[views.Change]) -> int:
    """How many days have events that cannot be counted any more; 0 while there is no view that tells."""
    if views.Change("late_days", "current") not in plan:
        return 0
    (row,) = rows(client, "SELECT count() AS n FROM analytics.late_days")
    return int(row["n"])


def _migration_table(known: list[tuple[str, Any]], settings: Settings) -> Table:
    title = f"Migrations at {settings.shown_url}"
    table = Table("migration", "state", "applied at (UTC)", "can be undone", title=title)
    for name, row in known:
        applied_at = f"{row.applied_at:%Y-%m-%d %H:%M:%S}" if row.applied_at else ""
        table.add_row(name, states.SHOWN[row.state], applied_at, "yes" if row.has_down else "no")
    return table
