"""`check`: everything applied to an engine of its own, in a temporary folder, for as long as the check takes."""

from __future__ import annotations

import difflib
import selectors
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from clickhouse.authoring import validation
from clickhouse.connection.client import connected, rows
from clickhouse.connection.errors import OperationError, StatementError
from clickhouse.connection.settings import Settings
from clickhouse.schema import definitions, runner, views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

_START_S = 30
_STOP_S = 10
# Nothing listens on port 1: the Kafka table is made and waits for a broker that never comes.
_NO_BROKER = "127.0.0.1:1"
_ROOT = Path(__file__).parents[2]


def run(migration_folder: Path = runner.FOLDER, view_folder: Path = views.FOLDER) -> Iterator[str]:
    """Up, down, up again with the same schema, every view queried; yields what passed, OperationError else."""
    started = time.monotonic()
    problems = validation.problems(migration_folder, view_folder)
    if problems:
        raise OperationError(problems[0] if len(problems) == 1 else f"{problems[0]} (and {len(problems) - 1} more)")
    files = views.load(view_folder)
    yield "files are in order"
    with ephemeral_engine() as settings, connected(settings, _START_S) as client:
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


def write_schema(file: Path = definitions.FILE) -> bool:
    """Make `schema.sql` from the migrations and views; whether it was another before."""
    with ephemeral_engine() as settings, connected(settings, _START_S) as client:
        runner.migrate(msgspec.structs.replace(settings, retention=definitions.STAND_IN))
        views.apply(client, views.load())
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
        raise OperationError(f"a second run is not idle: it applied {', '.join([*again, *changed])}")


@contextmanager
def ephemeral_engine() -> Iterator[Settings]:
    """An embedded ClickHouse in a child process and a temporary folder; settings that reach it."""
    with tempfile.TemporaryDirectory(prefix="ugc-check-") as folder:
        arguments = [sys.executable, "-m", "local", "clickhouse", "--port", "0", "--data-dir", f"{folder}/data"]
        log = Path(folder, "log")
        with (
            log.open("wb") as errors,
            subprocess.Popen(arguments, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            try:
                yield Settings(url=_ready_url(process, log), kafka_bootstrap=_NO_BROKER)
            finally:
                _stop(process)


def _ready_url(process: subprocess.Popen[str], log: Path) -> str:
    if process.stdout is None:
        raise OperationError("the engine was started without a pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(_START_S) else ""
    word, _, url = line.strip().partition(" ")
    if word != "ready":
        _stop(process)
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise OperationError(
            f"the embedded ClickHouse did not start within {_START_S} s: {(last or [line.strip()])[0]}"
        )
    return url


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
