"""Roles, rights and limits from `clickhouse/access/`, for a server; the embedded engine has no users."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError, StatementError
from clickhouse.schema import sqlfile

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FOLDER = Path(__file__).parents[1] / "access"
SKIPPED = "roles and limits were skipped: this ClickHouse does not let us manage users (the embedded one has none)"
_ACCESS_DENIED = "Code: 497"


def apply(client: Client, folder: Path = FOLDER) -> list[str]:
    """Run the files, which can run twice; the names of those that ran, [] where users cannot be managed.

    Raises OperationError that names the file and the statement that was refused.
    """
    if not _has_users(client):
        return []
    applied = []
    for path in sorted(folder.glob("*.sql")):
        for statement in sqlfile.statements(sqlfile.read(path)):
            try:
                execute(client, statement)
            except StatementError as error:
                raise OperationError(f"access/{path.name} ({sqlfile.shown(statement)}): {error.reason}") from error
        applied.append(path.name)
    return applied


def _has_users(client: Client) -> bool:
    try:
        # a file of users cannot be written to: it takes a directory, Keeper or memory for those that are made by SQL
        return bool(rows(client, "SELECT 1 FROM system.user_directories WHERE type != 'users_xml' LIMIT 1"))
    except StatementError as error:
        if _ACCESS_DENIED in error.reason:
            return False
        raise
