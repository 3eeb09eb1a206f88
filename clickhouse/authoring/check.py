"""`check`: everything applied to an engine of its own, in a temporary folder, for as long as the check takes."""

from __future__ import annotations

import difflib
import time
from typing import TYPE_CHECKING

import msgspec

from clickhouse.authoring import validation
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.connection.client import connected, rows
from clickhouse.connection.errors import OperationError, StatementError
from clickhouse.schema import definitions, runner, views

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings


def run(migration_folder: Path = runner.FOLDER, view_folder: Path = views.FOLDER) -> Iterator[str]:
    """Up, down, up again with the same schema, every view queried; yields what passed, OperationError else."""
    started = time.monotonic()
    problems = validation.problems(migration_folder, view_folder)
    if problems:
        raise OperationError(problems[0] if len(problems) == 1 else f"{problems[0]} (and {len(problems) - 1} more)")
    files = views.load(view_folder)
    yield "files are in order"
    with ephemeral_engine() as settings, connected(settings) as client:
        up = runner.migrate(settings, migration_folder)
        views.apply(client, files)
        first = definitions.dump(client)
        yield f"{len(up)} migrations up, {len(files)} views made"
        _query_each(client, files)
        yield f"{len(files)} views answer"
        _expect_nothing_to_do(settings, client, migration_folder, files)
        yield "a second run applies nothing"
        down = runner.down(settings, migration_folder, to_version=0)
        left = definitions.dump(client)
        if left:
            raise OperationError(f"after all migrations went down, this is left:\n{left}")
        yield f"{len(down)} migrations down, nothing is left"
        runner.migrate(settings, migration_folder)
        views.apply(client, files)
        second = definitions.dump(client)
        if first != second:
            difference = "\n".join(difflib.unified_diff(first.split("\n"), second.split("\n"), "first", "second"))
            raise OperationError(f"up, down, up gives another schema than up:\n{difference}")
        yield "up again gives the same schema"
    yield f"all is well, {time.monotonic() - started:.1f} s"


def write_schema(
    file: Path = definitions.FILE, migration_folder: Path = runner.FOLDER, view_folder: Path = views.FOLDER
) -> bool:
    """Make `schema.sql` from the migrations and views; whether it was another before."""
    with ephemeral_engine() as settings, connected(settings) as client:
        runner.migrate(msgspec.structs.replace(settings, retention=definitions.STAND_IN), migration_folder)
        views.apply(client, views.load(view_folder))
        text = definitions.generated(client)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(text, encoding="utf-8")
    return text != before


def _query_each(client: Client, files: list[views.View]) -> None:
    for view in files:
        try:
            rows(client, view.example)
        except StatementError as error:
            raise OperationError(f"views/{view.name}.sql cannot be queried: {error.reason}") from error


def _expect_nothing_to_do(settings: Settings, client: Client, folder: Path, files: list[views.View]) -> None:
    again = runner.migrate(settings, folder)
    changed = [change.name for change in views.apply(client, files) if change.action != "current"]
    if again or changed:
        raise OperationError(f"a second run should do nothing, but it applied {', '.join([*again, *changed])}")
