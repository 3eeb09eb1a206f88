"""Rows leave when their time is over, and not before; the times follow the variables."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.connection.client import execute, rows
from clickhouse.schema import definitions, retention, runner
from tests.integration.clickhouse.conftest import cases, count, land

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

NOW = dt.datetime.now(tz=dt.UTC)
TYPES = {case["type"]: case for case in cases("event_types.yaml") if "stored" not in case}
FOLLOWING = {
    name.removeprefix("ugc.") for name, sql in definitions.read({}).items() if re.search(r"(?m)^TTL .*\$\{UGC_", sql)
}


def event(event_type: str, age_days: float) -> dict[str, Any]:
    received = (NOW - dt.timedelta(days=age_days)).timestamp()
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "identity": "u1",
        "key_time": received,
        "occurred_at": received,
        "received_at": received,
        "session_id": f"{age_days:g} days",
        "payload": TYPES[event_type]["payload"],
    }


def left(client: Client, table: str) -> set[str]:
    """Ages of the rows that a merge keeps."""
    execute(client, f"OPTIMIZE TABLE ugc.{table} FINAL")
    return {row["session_id"] for row in rows(client, f"SELECT session_id FROM ugc.{table}")}


def kept(settings: Settings, **terms: int) -> Settings:
    return msgspec.structs.replace(settings, retention=msgspec.structs.replace(settings.retention, **terms))


@pytest.mark.parametrize("event_type", TYPES)
def test_landed_rows_leave_after_90_days_and_typed_rows_after_25_months(client: Client, event_type: str) -> None:
    ages = (1, 89, 91, 365, 755, 765)
    execute(client, "TRUNCATE TABLE ugc.events")
    land(client, *(event(event_type, age) for age in ages))
    assert left(client, "events") == {"1 days", "89 days"}
    assert left(client, TYPES[event_type]["table"]) == {"1 days", "89 days", "91 days", "365 days", "755 days"}


def test_errors_leave_after_30_days(client: Client) -> None:
    for age in (1, 29, 31):
        execute(
            client,
            "INSERT INTO ugc.events_errors (raw, inserted_at) "
            "SELECT toString({age:UInt16}), now64(3) - toIntervalDay({age:UInt16})",
            age=age,
        )
    execute(client, "OPTIMIZE TABLE ugc.events_errors FINAL")
    assert {row["raw"] for row in rows(client, "SELECT raw FROM ugc.events_errors")} == {"1", "29"}


def test_rollups_have_no_limit(client: Client) -> None:
    assert (
        count(client, "system.tables", "database = 'ugc' AND name LIKE '%_per_day' AND engine_full LIKE '%TTL%'") == 0
    )


def test_a_changed_variable_changes_what_is_kept_and_the_same_ones_change_nothing(
    client: Client, settings: Settings
) -> None:
    assert retention.follow(client, settings) == []
    shorter = kept(settings, typed_months=12, payload_days=40)
    changed = retention.follow(client, shorter)
    assert set(changed) == FOLLOWING - {"events_errors"}, "landed events, sessions, and each type"
    land(client, event("click", 30), event("click", 50), event("click", 400))
    assert left(client, "events") == {"30 days"} | left(client, "events") - {"50 days", "400 days"}
    assert "50 days" in left(client, "clicks")
    assert "400 days" not in left(client, "clicks")
    assert retention.follow(client, shorter) == []
    assert set(retention.follow(client, settings)) == FOLLOWING - {"events_errors"}


def test_every_table_whose_schema_names_a_variable_follows_it(client: Client, settings: Settings) -> None:
    typed = {case["table"] for case in TYPES.values()}
    assert {"events", "events_errors", "sessions", "days_requested", *typed} == FOLLOWING
    changed = retention.follow(client, kept(settings, payload_days=40, typed_months=12, errors_days=3))
    assert set(changed) == FOLLOWING
    assert set(retention.follow(client, settings)) == FOLLOWING


LATER = """\
-- What: a team keeps clicks for less, and page views without limit
ALTER TABLE ugc.clicks MODIFY TTL toDateTime(received_at) + toIntervalDay(${UGC_RETENTION_PAYLOAD_DAYS});
ALTER TABLE ugc.page_views REMOVE TTL;
"""
UNDONE = """\
-- What: both are kept as they were
ALTER TABLE ugc.page_views MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});
ALTER TABLE ugc.clicks MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});
"""


def test_a_later_alter_wins_over_the_create_of_the_table(client: Client, settings: Settings, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(runner.FOLDER, tmp_path / "migrations"))
    up_file, down_file = runner.new("other terms", folder)
    up_file.write_text(LATER, encoding="utf-8")
    down_file.write_text(UNDONE, encoding="utf-8")
    runner.migrate(settings, folder)
    assert retention.follow(client, settings, folder) == []
    assert set(retention.follow(client, kept(settings, payload_days=40), folder)) == {"events", "clicks"}
    others = FOLLOWING - {"events", "events_errors", "clicks", "page_views"}
    assert set(retention.follow(client, kept(settings, payload_days=40, typed_months=12), folder)) == others
    assert set(retention.follow(client, settings, folder)) == {"events", "clicks"} | others
    runner.down(settings, folder)
    assert retention.follow(client, settings) == []
