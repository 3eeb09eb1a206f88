"""Files of roles and limits: an engine that parses them, and one without users that leaves them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clickhouse.connection.client import rows
from clickhouse.schema import access, sqlfile

if TYPE_CHECKING:
    from pathlib import Path

    from clickhouse_connect.driver.client import Client

FILES = sorted(access.FOLDER.glob("*.sql"))
TEXT = "\n".join(sqlfile.code(sqlfile.read(path)) for path in FILES)


def test_an_engine_without_users_leaves_them_out(client: Client) -> None:
    assert access.apply(client) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_statement_parses_and_has_a_header(client: Client, path: Path) -> None:
    assert sqlfile.text_problems(sqlfile.read(path)) == []
    for statement in sqlfile.statements(sqlfile.read(path)):
        assert rows(client, f"EXPLAIN AST {statement}"), statement


def test_analysts_are_granted_nothing_but_analytics() -> None:
    grants = [line for line in TEXT.split(";") if "GRANT" in line and "TO ugc_analyst" in line]
    assert len(grants) == 1
    assert "ON analytics.* TO ugc_analyst" in grants[0]
    assert not {"INSERT", "ALTER", "CREATE", "DROP"} & set(grants[0].replace(",", " ").split())


def test_every_statement_can_run_twice() -> None:
    for statement in (each.strip() for each in TEXT.split(";") if each.strip()):
        assert statement.startswith(("GRANT", "ALTER")) or "IF NOT EXISTS" in statement, statement
