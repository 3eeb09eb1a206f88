"""Roles and limits need a server with users; the embedded engine has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clickhouse.__main__ import main
from clickhouse.schema import access

if TYPE_CHECKING:
    import pytest

    from clickhouse.connection.settings import Settings


def test_without_users_to_manage_access_says_so_and_changes_nothing(
    empty: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", empty.url)
    assert main(["access"]) == 0
    assert capsys.readouterr().out.strip() == access.SKIPPED
