"""How commands show where migrations, views and the schema stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from common.names import ANALYTICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clickhouse.schema.drift import Difference
    from clickhouse.schema.views import Change

NAMES: Final = {"md5-mismatch": "changed"}
"""States of clickhouse-migrations that have another name in JSON."""
SHOWN: Final = {
    "applied": "[green]applied[/]",
    "pending": "[yellow]pending[/]",
    "md5-mismatch": "[red]changed after it was applied[/]",
    "unknown": "[red]applied, but there is no file[/]",
    "current": "[green]current[/]",
    "created": "[yellow]missing[/]",
    "changed": "[yellow]file changed[/]",
    "dropped": "[yellow]no longer has a file[/]",
    "left out": "[yellow]waits for its tables[/]",
}


def view_table(changes: Iterable[Change]) -> Table:
    """What `views.plan` found, as a table."""
    table = Table("view", "state", title=f"Views of {ANALYTICS}")
    for change in changes:
        table.add_row(change.name, SHOWN[change.action])
    return table


def tell_changes(changes: Iterable[Change]) -> None:
    """Print a line for each view that was changed."""
    for change in changes:
        if change.action not in {"current", "left out"}:
            print(f"{change.action} view {ANALYTICS}.{change.name}")


def count_changed(changes: Iterable[Change]) -> int:
    """How many views were re-created or dropped."""
    return sum(change.action in {"created", "changed", "dropped"} for change in changes)


def tell_drift(drifted: list[Difference]) -> None:
    """Print the drift as a script."""
    for difference in drifted:
        print(f"-- {difference.object} {difference.what}\n{difference.sql}\n")
    print(
        f"-- {len(drifted)} objects differ from schema.sql" if drifted else "-- the schema is the same as in schema.sql"
    )
