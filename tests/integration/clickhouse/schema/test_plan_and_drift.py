"""What `migrate --dry-run`, `status`, `baseline`, `repair`, `dump` and `diff` tell about a server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from clickhouse.__main__ import main
from clickhouse.authoring import check
from clickhouse.connection.client import connected, execute
from clickhouse.connection.errors import OperationError
from clickhouse.schema import definitions, drift, runner
from common.kafka import KafkaSecurity
from tests.integration.clickhouse.conftest import count

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

LATEST = max(int(path.name[:4]) for path in runner.FOLDER.glob("*.down.sql"))


@pytest.fixture(autouse=True)
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", settings.url)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:1")


@pytest.fixture(scope="module")
def wanted(client: Client) -> dict[str, str]:
    """The schema as it was made, before a test spoils it."""
    return definitions.definitions(client)


def test_the_committed_schema_is_what_the_migrations_make(tmp_path: Path) -> None:
    file = tmp_path / "schema.sql"
    check.write_schema(file)
    assert file.read_text(encoding="utf-8") == definitions.FILE.read_text(encoding="utf-8"), (
        "make it again: python -m clickhouse dump --write"
    )
    assert not check.write_schema(file)


def test_a_migrated_server_is_settled_and_has_no_drift(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--drift"]) == 0
    assert "the schema is the same as in schema.sql" in capsys.readouterr().out
    assert main(["status", "--format", "json", "--drift"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in told["migrations"]} == {"applied"}
    assert {row["state"] for row in told["views"]} == {"current"}
    assert told["drift"] == []
    assert main(["diff"]) == 0


DRIFTS = {
    "a column more": ("ALTER TABLE ugc.clicks ADD COLUMN surprise String", "-- ALTER TABLE ugc.clicks DROP COLUMN"),
    "a column less": ("ALTER TABLE ugc.clicks DROP COLUMN label", "ADD COLUMN `label` String"),
    "another comment": ("ALTER TABLE ugc.clicks COMMENT COLUMN x 'other'", "MODIFY COLUMN `x` Nullable(UInt32)"),
    "an index less": ("ALTER TABLE ugc.clicks DROP INDEX occurred_at_minmax", "ADD INDEX occurred_at_minmax"),
    "another time to keep": (
        "ALTER TABLE ugc.clicks MODIFY TTL toDateTime(received_at) + toIntervalMonth(2)",
        "MODIFY TTL",
    ),
    "another setting": ("ALTER TABLE ugc.events MODIFY SETTING fsync_after_insert = 0", "MODIFY SETTING"),
    "a setting more": ("ALTER TABLE ugc.clicks MODIFY SETTING min_bytes_for_wide_part = 1", "RESET SETTING min_bytes"),
    "another comment of a table": ("ALTER TABLE ugc.clicks MODIFY COMMENT 'other'", "MODIFY COMMENT 'click: "),
    "a view less": ("DROP VIEW ugc.clicks_mv", "CREATE MATERIALIZED VIEW ugc.clicks_mv TO ugc.clicks"),
    "another view": (
        "CREATE OR REPLACE VIEW analytics.clicks AS SELECT 1 AS one",
        "CREATE OR REPLACE VIEW analytics.clicks",
    ),
    "the queue paused": ("DETACH TABLE ugc.events_queue PERMANENTLY", "ATTACH TABLE ugc.events_queue"),
}


@pytest.mark.parametrize("change", DRIFTS)
def test_drift_is_told_as_sql_that_takes_it_away(client: Client, wanted: dict[str, str], change: str) -> None:
    statement, expected = DRIFTS[change]
    execute(client, statement)
    (found,) = drift.differences(client, wanted)
    assert expected in found.sql
    for each in found.sql.removesuffix(";").split(";\n"):
        execute(client, each.removeprefix("-- one too many; to drop it with its data:\n-- "))
    assert drift.differences(client, wanted) == []


def test_a_changed_mv_is_drift_that_one_statement_takes_away(client: Client, wanted: dict[str, str]) -> None:
    execute(client, "ALTER TABLE ugc.clicks_mv MODIFY QUERY SELECT event_id, key_time FROM ugc.events")
    (found,) = drift.differences(client, wanted)
    assert found.sql.startswith("ALTER TABLE ugc.clicks_mv\n    MODIFY QUERY SELECT")
    execute(client, found.sql.removesuffix(";"))
    assert drift.differences(client, wanted) == []


def test_a_table_of_nobody_is_named_and_only_in_a_comment_dropped(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(client, "CREATE TABLE ugc.stray (a Int8) ENGINE = Memory")
    assert main(["status", "--drift"]) == 1
    assert "-- DROP TABLE ugc.stray;" in capsys.readouterr().out
    assert main(["diff"]) == 1
    execute(client, "DROP TABLE ugc.stray")


def test_a_dry_run_prints_the_sql_with_secrets_masked_and_does_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from clickhouse.authoring.engine import ephemeral_engine  # noqa: PLC0415 - an empty one, beside the module's

    with ephemeral_engine() as empty, connected(empty) as fresh:
        monkeypatch.setenv("UGC_CLICKHOUSE_URL", empty.url)
        monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "kafka.example:9092")
        monkeypatch.setenv("UGC_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
        monkeypatch.setenv("UGC_KAFKA_SASL_MECHANISM", "PLAIN")
        monkeypatch.setenv("UGC_KAFKA_SASL_USERNAME", "ugc")
        monkeypatch.setenv("UGC_KAFKA_SASL_PASSWORD", "it's secret")
        assert main(["migrate", "--dry-run"]) == 0
        told = capsys.readouterr().out
        assert "kafka_broker_list = 'kafka.example:9092',\n    kafka_security_protocol = 'sasl_ssl'" in told
        assert "kafka_sasl_password = '***'" in told
        assert "secret" not in told
        assert "toIntervalDay(90)" in told
        assert "${" not in told
        assert f"{LATEST} migrations would be applied" in told
        assert main(["status"]) == 1
        assert count(fresh, "system.tables", "database = 'ugc'") == 0
        assert main(["migrate", "--to", "9999"]) == 1
        assert "there is no migration 9999" in capsys.readouterr().err


def test_a_lock_without_keeper_is_refused_with_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["migrate", "--lock"]) == 1
    message = capsys.readouterr().err
    assert "without --lock" in message
    assert "Keeper" in message


def test_a_changed_file_is_told_and_repaired_without_running_anything(
    settings: Settings, client: Client, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    path = next(folder.glob("0004_*s.sql"))
    path.write_text(path.read_text(encoding="utf-8") + "\n-- a word more\n", encoding="utf-8")
    assert {name: row.state for name, row in runner.status(settings, folder)}[path.name] == "md5-mismatch"
    with pytest.raises(OperationError, match="changed after it was applied"):
        runner.pending(settings, folder)
    assert runner.repair(settings, [], folder, write=False, prune=False) == [(path.name, "md5-mismatch")]
    assert runner.repair(settings, [4], folder, write=True, prune=False) == [(path.name, "applied")]
    assert runner.repair(settings, [], folder, write=True, prune=False) == []
    assert runner.repair(settings, [], write=True, prune=False) == [(path.name, "applied")]
    assert count(client, "ugc.schema_versions", "version = 4") == 1


def test_a_database_without_history_is_adopted_by_baseline(
    settings: Settings, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["baseline", "--to", str(LATEST)]) == 1
    assert "Refusing to baseline" in capsys.readouterr().err
    execute(client, "TRUNCATE TABLE ugc.schema_versions")
    assert main(["baseline", "--to", str(LATEST)]) == 0
    assert main(["repair"]) == 0
    assert main(["status"]) == 0
    assert runner.migrate(settings) == []


def test_the_queue_is_made_with_the_security_settings_and_again_when_they_change(
    settings: Settings, client: Client, wanted: dict[str, str]
) -> None:
    from clickhouse.queue import consumer  # noqa: PLC0415

    secure = KafkaSecurity(protocol="SASL_PLAINTEXT", mechanism="PLAIN", username="o'neil", password="p'\\")  # noqa: S106
    changed = msgspec.structs.replace(settings, security=secure)
    assert "created again" in (consumer.follow_brokers(client, runner.queue_statement(changed)) or "")
    ddl = client.query("SELECT create_table_query FROM system.tables WHERE name = 'events_queue'").result_rows[0][0]
    assert "kafka_security_protocol = 'sasl_plaintext'" in ddl
    assert "o\\'neil" in ddl
    assert consumer.follow_brokers(client, runner.queue_statement(changed)) is None
    assert "created again" in (consumer.follow_brokers(client, runner.queue_statement(changed), recreate=True) or "")
    assert drift.differences(client, wanted) == []
    assert "created again" in (consumer.follow_brokers(client, runner.queue_statement(settings)) or "")
