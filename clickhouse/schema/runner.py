"""Migrations: apply, undo, list, scaffold. clickhouse-migrations does it; the defaults and the messages are ours."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.substitution import substitute

from clickhouse.connection.client import connected, one_line
from clickhouse.connection.errors import OperationError, StatementError, UsageError
from clickhouse.queue import consumer, pause
from clickhouse.queue.security import secured
from clickhouse.schema import queue_files, sqlfile
from clickhouse.schema.cluster import Cluster
from common.kafka import BOOTSTRAP_VARIABLE
from common.names import QUEUE

if TYPE_CHECKING:
    from clickhouse.connection.settings import Settings

FOLDER = Path(__file__).parents[1] / "migrations"
OUT_OF_SYNC = {
    "md5-mismatch": "the file was changed after it was applied: restore the old text and write a new migration",
    "unknown": "applied, but there is no file: this checkout is older than the one that migrated last",
}

_DROPS_COLUMN = re.compile(r"\bDROP\s+COLUMN\b", re.IGNORECASE)
_UP = """\
-- What:   {name}
-- Why:    say why
-- Query:  an example query that shows it
-- Mind:   say what to mind when deploying it

CREATE TABLE IF NOT EXISTS ugc.{slug}
(
    event_id UUID COMMENT 'say what it is' CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY event_id;
"""
_DOWN = """\
-- What:   takes {name} away.
-- Mind:   undo the statements of the other file, in reverse order; each must be able to run twice.

DROP TABLE IF EXISTS ugc.{slug};
"""


def variables(settings: Settings) -> dict[str, str]:
    """What `${NAME}` stands for in migrations; UsageError when the Kafka address is unset."""
    if not settings.kafka_bootstrap:
        raise UsageError(
            f"{BOOTSTRAP_VARIABLE} is not set: give Kafka's address as host:port[,host:port], "
            f"for instance {BOOTSTRAP_VARIABLE}=127.0.0.1:9092"
        )
    return {BOOTSTRAP_VARIABLE: settings.kafka_bootstrap, **settings.retention.variables()}


def migrate(
    settings: Settings, folder: Path = FOLDER, to_version: int | None = None, *, lock: bool = False
) -> list[str]:
    """Apply what is pending, up to `to_version`; the names of the files that were applied.

    With `lock`, two runs at the same time wait for each other; that takes a server with Keeper.
    """
    given = variables(settings)
    files = MigrationStorage(folder).migration_filenames()
    try:
        cluster = Cluster(settings, folder)
        there = max((row.version for row in cluster.status(None, folder) if row.applied_at is not None), default=0)
        wanted = [each for each in queue_files.versions(folder) if to_version is None or each <= to_version]
        applied = []
        if wanted and there < wanted[-1]:
            _free_the_queue(settings)
            before = {**given, BOOTSTRAP_VARIABLE: consumer.NO_BROKER}
            if there < wanted[-1] - 1:
                applied += cluster.migrate(None, folder, to_version=wanted[-1] - 1, variables=before, lock=lock)
        applied += cluster.migrate(None, folder, to_version=to_version, variables=given, lock=lock)
    except StatementError as error:
        raise OperationError(_located(error, folder, given)) from error
    except MigrationException as error:
        raise OperationError(_explained(error)) from error
    return [files[migration.version] for migration in applied]


def down(settings: Settings, folder: Path = FOLDER, steps: int = 1, to_version: int | None = None) -> list[str]:
    """Undo the last `steps` migrations, or all above `to_version`; the names of the files that were run.

    Nothing is consumed while a file drops a column. An insert that began before that would leave the column in a part,
    and every mutation of the table fails on such a part.
    """
    files = MigrationStorage(folder).down_filenames()
    applied = sorted(row.version for _, row in status(settings, folder) if row.applied_at is not None)
    target = to_version if to_version is not None else ([0] * steps + applied)[-steps - 1]
    made = queue_files.versions(folder)
    changed = [version for version in made if target < version in applied]
    # no queue is left below the first of these files: one that is made on the way there is to read nothing
    nowhere = {**settings.retention.variables(), BOOTSTRAP_VARIABLE: consumer.NO_BROKER}
    given = variables(settings) if changed and target >= made[0] else nowhere
    undone: list[int] = []
    try:
        cluster = Cluster(settings, folder)
        above = [version for version in applied if version > target]
        dropping = {each for each in above if each in files and _drops_a_column(folder / files[each])}
        alone = {*made, *dropping}
        for version in reversed(above):
            if version not in alone and version - 1 > target and version - 1 not in alone:
                continue  # undone together with the next one
            if changed:
                # a consumer that waits for its group holds on to the MVs of when it began, and to the columns they read
                _free_the_queue(settings)
            with pause.briefly(settings) if version in dropping else nullcontext():
                undone += cluster.rollback(None, folder, to_version=version - 1, variables=given)
    except StatementError as error:
        raise OperationError(_located(error, folder, given)) from error
    except MigrationException as error:
        raise OperationError(_explained(error)) from error
    return [files[version] for version in undone]


def _drops_a_column(path: Path) -> bool:
    return any(_DROPS_COLUMN.search(sqlfile.code(each)) for each in sqlfile.statements(sqlfile.read(path)))


def _free_the_queue(settings: Settings) -> None:
    """Before files change it: OperationError when it is paused, else wait until its consumer has joined its group."""
    with connected(settings) as client:
        consumer.refuse_when_paused(client)
        consumer.let_the_consumer_join(client)


def status(settings: Settings, folder: Path = FOLDER) -> list[tuple[str, Any]]:
    """(file name, clickhouse-migrations' StatusRow) of every migration that is known here or there."""
    files = MigrationStorage(folder).migration_filenames()
    return [
        (files.get(row.version, f"{row.version:04d}"), row) for row in Cluster(settings, folder).status(None, folder)
    ]


def pending(settings: Settings, folder: Path = FOLDER, to_version: int | None = None) -> list[tuple[str, list[str]]]:
    """(file name, its statements) of what `migrate` would apply, secrets masked. Raises as `migrate` would."""
    found = status(settings, folder)
    for name, row in found:
        if row.state in OUT_OF_SYNC:
            raise OperationError(
                f"{name}: {OUT_OF_SYNC[row.state]}. `python -m clickhouse status` shows where it stands."
            )
    if to_version is not None and to_version not in {row.version for _, row in found}:
        raise OperationError(f"there is no migration {to_version}: `python -m clickhouse status` lists them")
    given = variables(settings)
    waiting = [
        name for name, row in found if row.state == "pending" and (to_version is None or row.version <= to_version)
    ]
    return [(name, _rendered(settings, folder / name, given)) for name in waiting]


def _rendered(settings: Settings, path: Path, given: dict[str, str]) -> list[str]:
    statements = sqlfile.statements(substitute(sqlfile.read(path), given, path.name))
    return [settings.masked(secured(each, sqlfile.code(each), settings.security)) for each in statements]


def baseline(settings: Settings, to_version: int, folder: Path = FOLDER) -> list[str]:
    """Record the migrations up to `to_version` as applied, executing nothing; the names of the files."""
    files = MigrationStorage(folder).migration_filenames()
    try:
        states = Cluster(settings, folder).baseline(None, folder, to_version)
    except (MigrationException, StatementError) as error:
        raise OperationError(_explained(error)) from error
    return [files[row.version] for row in states if row.state == "applied"]


def repair(
    settings: Settings, versions: list[int], folder: Path = FOLDER, *, write: bool, prune: bool
) -> list[tuple[str, str]]:
    """(file, state) of applied migrations whose files are not what was applied; with `write`, as they are afterwards.

    `write` records the file as it is now, executing nothing; `prune` forgets those whose file is gone.
    """
    files = MigrationStorage(folder).migration_filenames()
    try:
        found = Cluster(settings, folder).repair(None, folder, versions or None, write=write, prune=prune)
    except (MigrationException, StatementError) as error:
        raise OperationError(_explained(error)) from error
    return [(files.get(row.version, f"{row.version:04d}"), row.state) for row in found]


def applied_files(settings: Settings, folder: Path = FOLDER) -> list[Path]:
    """The files of the applied migrations, oldest first."""
    return [folder / name for name, row in status(settings, folder) if row.applied_at is not None and row.has_down]


def queue_statement(settings: Settings, folder: Path = FOLDER) -> str | None:
    """The CREATE of the Kafka table as the applied migrations have it, None when none of them creates it."""
    return queue_files.newest(applied_files(settings, folder), variables(settings), settings.security)


def queue_definition(settings: Settings, folder: Path = FOLDER) -> str:
    """The same; OperationError when no applied migration creates it."""
    statement = queue_statement(settings, folder)
    if statement is None:
        raise OperationError(f"no applied migration creates {QUEUE}: run `python -m clickhouse migrate`")
    return statement


def new(name: str, folder: Path = FOLDER) -> list[Path]:
    """Scaffold the next migration and its down file."""
    try:
        up_file, down_file = MigrationStorage(folder).create(name, with_down=True)
    except MigrationException as error:
        raise OperationError(str(error)) from error
    slug = up_file.stem.partition("_")[2]
    up_file.write_text(_UP.format(name=name, slug=slug), encoding="utf-8")
    down_file.write_text(_DOWN.format(name=name, slug=slug), encoding="utf-8")
    return [up_file, down_file]


_ADVICE = {
    "lock was requested": "A lock needs a server with Keeper, which the embedded ClickHouse has not: run `migrate` "
    "without --lock, from one place at a time.",
    "Refusing to baseline": "Use `repair` for files that were changed.",
    "Nothing to repair": "",
    "md5 is not equal": "Its file was changed after it was applied: restore the old text and write a new migration.",
    "not known": "This checkout is older than the one that migrated last: run the newer one.",
    "gone missing": "This checkout is older than the one that migrated last: run the newer one.",
    "No down migration": "Write the missing .down.sql files.",
}


def _explained(error: Exception) -> str:
    """The library's message, with what to do about it."""
    text = one_line(error).strip().rstrip(".")
    advice = next((advice for part, advice in _ADVICE.items() if part in text), "")
    return f"{text}. {advice} `python -m clickhouse status` shows where it stands.".replace("  ", " ")


def _located(error: StatementError, folder: Path, given: dict[str, str]) -> str:
    """`file, statement n (its beginning): reason` for a statement that was refused."""
    for path in sorted(folder.glob("*.sql")):
        text = sqlfile.read(path)
        rendered = substitute(text, given, path.name) if given else text
        for number, statement in enumerate(sqlfile.statements(rendered), 1):
            if statement == error.statement.strip().removesuffix(";").strip():
                return f"{path.name}, statement {number} ({sqlfile.shown(statement)}): {error.reason}"
    return f"{sqlfile.shown(error.statement)}: {error.reason}"
