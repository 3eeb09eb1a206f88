"""Migrations: apply, undo, list, scaffold. clickhouse-migrations does it; the defaults and the messages are ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migration import MigrationStorage
from clickhouse_migrations.substitution import substitute

from clickhouse import brokers, sqlfile
from clickhouse.client import Cluster
from clickhouse.errors import OperationError, StatementError

if TYPE_CHECKING:
    from clickhouse.settings import Settings

FOLDER = Path(__file__).parent / "migrations"

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
    """What `${NAME}` stands for in migrations; UsageError when the Kafka address is unset or malformed."""
    return {brokers.VARIABLE: brokers.parse_brokers(settings.kafka_bootstrap)}


def migrate(settings: Settings, folder: Path = FOLDER, to_version: int | None = None) -> list[str]:
    """Apply what is pending, up to `to_version`; the names of the files that were applied."""
    given = variables(settings)
    files = MigrationStorage(folder).migration_filenames()
    try:
        applied = Cluster(settings, folder).migrate(None, folder, to_version=to_version, variables=given)
    except StatementError as error:
        raise OperationError(_located(error, folder, given)) from error
    except MigrationException as error:
        raise OperationError(_explained(error)) from error
    return [files[migration.version] for migration in applied]


def down(settings: Settings, folder: Path = FOLDER, steps: int = 1, to_version: int | None = None) -> list[str]:
    """Undo the last `steps` migrations, or all above `to_version`; the names of the files that were run."""
    files = MigrationStorage(folder).down_filenames()
    try:
        undone = Cluster(settings, folder).rollback(None, folder, steps=steps, to_version=to_version)
    except StatementError as error:
        raise OperationError(_located(error, folder, {})) from error
    except MigrationException as error:
        raise OperationError(_explained(error)) from error
    return [files[version] for version in undone]


def status(settings: Settings, folder: Path = FOLDER) -> list[tuple[str, Any]]:
    """(file name, clickhouse-migrations' StatusRow) of every migration that is known here or there."""
    files = MigrationStorage(folder).migration_filenames()
    return [
        (files.get(row.version, f"{row.version:04d}"), row) for row in Cluster(settings, folder).status(None, folder)
    ]


def applied_files(settings: Settings, folder: Path = FOLDER) -> list[Path]:
    """The files of the applied migrations, oldest first."""
    return [folder / name for name, row in status(settings, folder) if row.applied_at is not None and row.has_down]


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
    "md5 is not equal": "Its file was changed after it was applied: put the old text back and make a new migration.",
    "not known": "This checkout is older than the one that migrated last: run the newer one.",
    "gone missing": "This checkout is older than the one that migrated last: run the newer one.",
    "No down migration": "Write the missing .down.sql files.",
}


def _explained(error: MigrationException) -> str:
    """The library's message, with what to do about it."""
    text = str(error).strip().rstrip(".")
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
