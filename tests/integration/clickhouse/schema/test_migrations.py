"""Migrations against an engine: up, down, up gives the same; twice applies nothing; what is broken is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from clickhouse.__main__ import main
from clickhouse.authoring import check
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.connection.client import connected, execute, rows
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.queue import pause
from clickhouse.schema import definitions, queue_files, runner, sqlfile, views
from tests.integration.clickhouse.conftest import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

VERSIONS = sorted(int(path.name[:4]) for path in runner.FOLDER.glob("*.down.sql"))


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[Client]:
    with connected(settings) as connection:
        yield connection


def test_a_second_run_applies_nothing(settings: Settings, client: Client) -> None:
    before = definitions.dump(client)
    assert runner.migrate(settings) == []
    assert {change.action for change in views.apply(client, views.load())} == {"current"}
    assert definitions.dump(client) == before


def test_down_one_by_one_and_up_one_by_one_gives_the_same_schema(settings: Settings, client: Client) -> None:
    full = definitions.dump(client)
    schemas = {}
    for version in reversed(VERSIONS):
        schemas[version] = definitions.dump(client)
        undone = runner.down(settings)
        assert [int(name[:4]) for name in undone] == [version]
        if version > 1:
            views.apply(client, views.load())
    assert definitions.dump(client) == ""
    for version in VERSIONS:
        runner.migrate(settings, to_version=version)
        views.apply(client, views.load())
        assert definitions.dump(client) == schemas[version]
    assert definitions.dump(client) == full


def test_every_statement_can_run_twice(settings: Settings, client: Client) -> None:
    before = definitions.dump(client)
    execute(client, "TRUNCATE TABLE ugc.schema_versions")
    assert len(runner.migrate(settings)) == len(VERSIONS)
    assert definitions.dump(client) == before


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the views that a test may spoil."""
    return Path(shutil.copytree(views.FOLDER, tmp_path / "views"))


@pytest.fixture
def restored(client: Client) -> Iterator[None]:
    yield
    views.apply(client, views.load())


@pytest.mark.usefixtures("restored")
def test_a_changed_view_is_made_again_with_what_rests_on_it_and_nothing_else(client: Client, folder: Path) -> None:
    path = folder / "page_leaves.sql"
    text = path.read_text(encoding="utf-8").replace("    scroll_percent,", "    scroll_percent,\n    view_id AS twin,")
    path.write_text(
        re.sub(r"(    scroll_percent \w.*\n)", r"\1    twin UUID COMMENT 'again',\n", text), encoding="utf-8"
    )
    changes = views.apply(client, views.load(folder))
    resting = {"page_leaves"}
    for view in views.load(folder):  # in the order of their needs
        resting |= {view.name} if view.needs & resting else set()
    assert "page_dwell" in resting
    assert {change.name for change in changes if change.action == "changed"} == resting
    assert {change.action for change in changes} == {"changed", "current"}
    assert count(client, "system.columns", "database = 'analytics' AND table = 'page_leaves' AND name = 'twin'") == 1


@pytest.mark.usefixtures("restored")
def test_a_view_whose_file_is_gone_is_dropped_and_a_stranger_stays(client: Client, folder: Path) -> None:
    execute(client, "CREATE VIEW analytics.somebody_elses AS SELECT 1 AS one")
    (folder / "page_dwell.sql").unlink()
    changes = views.apply(client, views.load(folder))
    assert [(change.name, change.action) for change in changes if change.action != "current"] == [
        ("page_dwell", "dropped")
    ]
    names = {row["name"] for row in rows(client, "SELECT name FROM system.tables WHERE database = 'analytics'")}
    assert "page_dwell" not in names
    assert "somebody_elses" in names
    execute(client, "DROP VIEW analytics.somebody_elses")


@pytest.mark.usefixtures("restored")
def test_a_view_that_was_interrupted_before_its_mark_is_made_again(client: Client) -> None:
    execute(client, "DELETE FROM ugc.view_files WHERE name = 'clicks'")
    changes = views.apply(client, views.load())
    assert [(change.name, change.action) for change in changes if change.action != "current"] == [("clicks", "changed")]


def test_a_view_comment_says_what_it_is(client: Client) -> None:
    comments = {
        row["name"]: row["comment"]
        for row in rows(client, "SELECT name, comment FROM system.tables WHERE database = 'analytics'")
    }
    assert comments["daily_active_users"].startswith("People who did anything on a day. One row per day")


def test_a_view_comment_has_the_rules_that_an_analyst_needs_and_no_checksum(client: Client) -> None:
    comments = {
        row["name"]: row["comment"]
        for row in rows(client, "SELECT name, comment FROM system.tables WHERE database = 'analytics'")
    }
    for said in ("A person is an identity", "Bots are left out"):
        assert said in comments["daily_active_users"]
    for said in ("One row per step", "1 to 8 types of events", "window_seconds", "both included"):
        assert said in comments["funnel"]
    assert [name for name, comment in comments.items() if re.search(r"\b[0-9a-f]{12}\b", comment)] == []


def test_a_statement_that_is_refused_is_named_with_its_file(settings: Settings, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    runner.new("broken one", folder)
    path = next(folder.glob("*_broken_one.sql"))
    path.write_text("-- What: x\n-- Mind: y\nSELECT 1;\n\n-- why\nCREATE TABLE ugc.broken (a Strin) ENGINE = Memory;\n")
    with pytest.raises(
        OperationError, match=r"00\d\d_broken_one\.sql, statement 2 \(CREATE TABLE ugc\.broken .*Code: 50"
    ):
        runner.migrate(settings, folder)


def test_a_migration_that_changed_after_it_was_applied_is_refused_with_advice(
    settings: Settings, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    path = folder / "0004_clicks.sql"
    path.write_text(path.read_text(encoding="utf-8") + "\n-- an afterthought\n", encoding="utf-8")
    with pytest.raises(OperationError, match=r"version is 4\. .* restore the old text and write a new migration"):
        runner.migrate(settings, folder)


def test_an_older_checkout_is_refused_with_advice(settings: Settings, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    for path in folder.glob(f"{VERSIONS[-1]:04d}_*.sql"):
        path.unlink()
    with pytest.raises(OperationError, match="older than the one that migrated last"):
        runner.migrate(settings, folder)


def test_check_passes_on_what_is_committed() -> None:
    assert "all is well" in list(check.run())[-1]


def test_check_names_the_view_that_is_broken(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(views.FOLDER, tmp_path / "views"))
    path = folder / "page_dwell.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("avg(leave.5)", "avg(no_such_column)"), encoding="utf-8")
    with pytest.raises(OperationError, match=r"views/page_dwell\.sql .*no_such_column"):
        list(check.run(view_folder=folder))


def test_check_refuses_a_migration_that_leaves_something_behind(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    up_file, down_file = runner.new("leftover", folder)
    down_file.write_text("-- What: nothing\n-- Mind: nothing\nSELECT 1;\n", encoding="utf-8")
    assert up_file.exists()
    with pytest.raises(OperationError, match=r"this is left:\nCREATE TABLE ugc\.leftover"):
        list(check.run(migration_folder=folder))


@pytest.mark.parametrize("value", [None, "", "localhost", "h:0", "h:1', kafka_x = '"])
def test_migrate_without_a_usable_broker_says_so_and_touches_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str | None
) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", settings.url)
    monkeypatch.delenv("UGC_KAFKA_BOOTSTRAP", raising=False)
    if value is not None:
        monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", value)
    assert main(["migrate"]) == 2
    assert capsys.readouterr().err.startswith("error: UGC_KAFKA_BOOTSTRAP")


def test_the_commands_tell_what_they_did(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", settings.url)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    last = sorted(path.name for path in runner.FOLDER.glob("*.down.sql"))[:-3:-1]
    assert main(["down", "--steps", "2"]) == 0
    assert capsys.readouterr().out.startswith("".join(f"ran {name}\n" for name in last))
    assert main(["status"]) == 1
    shown = capsys.readouterr().out
    assert "pending" in shown
    assert "waits for its tables" in shown
    assert main(["migrate"]) == 0
    assert "2 migrations applied" in capsys.readouterr().out
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == "0 migrations applied, 0 views re-created or dropped\n"
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:2")
    assert main(["migrate"]) == 0
    assert "it read from 127.0.0.1:1 and reads from 127.0.0.1:2 now" in capsys.readouterr().out
    assert main(["views"]) == 0
    assert main(["dump"]) == 0
    assert "kafka_broker_list = '${UGC_KAFKA_BOOTSTRAP}'" in capsys.readouterr().out
    assert main(["down", "--to", "0"]) == 0
    assert main(["migrate"]) == 0


def test_a_server_that_is_not_there_is_waited_for_and_then_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", "http://user:secret@127.0.0.1:1")
    assert main(["status", "--wait", "0.3"]) == 1
    message = capsys.readouterr().err
    assert "http://127.0.0.1:1 did not answer within 0.3 s" in message
    assert "secret" not in message


def test_a_paused_queue_is_not_changed_and_nothing_else_either(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    runner.new("ratings", folder)
    queue_file, _ = runner.new("queue again", folder)
    first_queue = next(folder.glob("*_events_queue.sql"))
    create = sqlfile.statements(sqlfile.read(first_queue))[-1]
    queue_file.write_text(f"-- What: again\n\nDROP TABLE IF EXISTS ugc.events_queue;\n\n{create};\n", encoding="utf-8")
    assert queue_files.versions(folder) == [int(first_queue.name[:4]), VERSIONS[-1] + 2]
    with ephemeral_engine() as settings, connected(settings) as client:
        runner.migrate(settings)
        pause.pause(client, join_s=0, force=True)
        before = definitions.dump(client)
        with pytest.raises(OperationError, match="resume` first"):
            runner.migrate(settings, folder)
        with pytest.raises(OperationError, match="resume` first"):
            runner.down(settings)
        assert definitions.dump(client) == before
        pause.resume(client, settings, join_s=0)
        assert len(runner.migrate(settings, folder)) == 2
        before = definitions.dump(client)
        with pytest.raises(UsageError, match="UGC_KAFKA_BOOTSTRAP"):
            runner.down(msgspec.structs.replace(settings, kafka_bootstrap=None), folder)
        assert definitions.dump(client) == before
