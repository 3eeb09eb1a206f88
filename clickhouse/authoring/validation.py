"""Rules that migrations and views keep, checked on the files alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_migrations.validate import LEVEL_ERROR, validate_migrations

from clickhouse.authoring import rules
from clickhouse.connection.errors import OperationError
from clickhouse.schema import runner, sqlfile, views

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME = re.compile(r"(\d{4})_[a-z0-9]+(_[a-z0-9]+)*(\.down)?\.sql")
_VIEW_MARKS = ("What:", "Query:", "Mind:")
_UP_MARKS = ("What:", "Why:", "Query:", "Mind:")
_DOWN_MARKS = ("What:",)


def problems(
    migration_folder: Path = runner.FOLDER,
    view_folder: Path = views.FOLDER,
    event_types: Iterable[str] | None = None,
) -> list[str]:
    """One `file: what is wrong` for each problem; [] when all is in order. `event_types`: the API's, unless given."""
    found = _of_migrations(migration_folder)
    # rules are about statements: of a file that is broken they would only repeat it
    return [*found, *([] if found else rules.problems(migration_folder, event_types)), *_of_views(view_folder)]


def _of_migrations(folder: Path) -> list[str]:
    # clickhouse-migrations knows pairs, duplicates, encodings and empty files
    found = [
        f"migrations/{finding.file}: {finding.message}"
        for finding in validate_migrations(folder, require_down=True).findings
        if finding.level == LEVEL_ERROR
    ]
    versions = set()
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            found.append(f"migrations/{path.name}: the name must be NNNN_lower_case.sql or NNNN_lower_case.down.sql")
            continue
        versions.add(int(match[1]))
        partner = path.with_name(path.name.replace(".down.sql", ".sql") if match[3] else f"{path.stem}.down.sql")
        if not partner.exists():
            found.append(f"migrations/{path.name}: its partner {partner.name} is missing")
        marks = _DOWN_MARKS if match[3] else _UP_MARKS
        found.extend(f"migrations/{path.name}: {problem}" for problem in _text_problems(path, marks))
    missing = sorted(set(range(1, max(versions, default=0) + 1)) - versions)
    found.extend(f"migrations: number {number:04d} is missing; numbers go up by one" for number in missing)
    return list(dict.fromkeys(found))


def _of_views(folder: Path) -> list[str]:
    found: list[str] = []
    for path in sorted(folder.glob("*.sql")):
        found.extend(f"views/{path.name}: {problem}" for problem in _text_problems(path, _VIEW_MARKS))
    if not found:
        try:
            views.load(folder)
        except OperationError as error:
            found.append(str(error))
    return found


def _text_problems(path: Path, marks: tuple[str, ...]) -> list[str]:
    try:
        return sqlfile.text_problems(sqlfile.read(path), marks)
    except UnicodeDecodeError as error:
        return [f"is not UTF-8: {error}"]
