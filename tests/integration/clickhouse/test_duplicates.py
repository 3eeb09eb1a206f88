"""The same event several times, as retries and redeliveries make it: one row in every reader, always the newest copy."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clickhouse.client import execute, rows
from clickhouse_connect.driver.client import Client

from tests.integration.clickhouse.conftest import cases, count, land, one

TYPES = {case["type"]: case for case in cases("event_types.yaml") if "stored" not in case}
TABLES = {"events", *(case["table"] for case in TYPES.values())}
# Midnight at the end of a month, not long ago: copies fall on both sides of it.
MIDNIGHT = datetime.now(tz=UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def copies(event_type: str, key_time: datetime) -> list[dict[str, Any]]:
    """Three sendings of one event: the first before midnight, the others after it, the second twice."""
    common = {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "identity": "u1",
        "user_id": "u1",
        "key_time": key_time.timestamp(),
        "payload": TYPES[event_type]["payload"],
    }
    sent = []
    for seconds in (-1, 1, 1, 3600):
        moment = (MIDNIGHT + timedelta(seconds=seconds)).timestamp()
        sent.append({**common, "occurred_at": moment, "received_at": moment, "session_id": str(seconds)})
    return sent


@pytest.fixture(scope="module", params=["key-before-midnight", "key-after-midnight", "no-plausible-key"])
def events(request: pytest.FixtureRequest, client: Client) -> dict[str, str]:
    """Event type → event_id of an event that was landed four times, each time in an insert and a part of its own."""
    key_time = {
        "key-before-midnight": MIDNIGHT - timedelta(milliseconds=1),
        "key-after-midnight": MIDNIGHT,
        "no-plausible-key": datetime.fromtimestamp(0, tz=UTC),
    }[request.param]
    execute(client, "SYSTEM STOP MERGES")
    sent = {event_type: copies(event_type, key_time) for event_type in TYPES}
    for number in (3, 0, 1, 2):  # the newest does not come last
        land(client, *(entries[number] for entries in sent.values()))
    return {event_type: entries[0]["event_id"] for event_type, entries in sent.items()}


def readers(event_type: str) -> tuple[str, str]:
    return "events", TYPES[event_type]["table"]


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_sent_four_times_is_one_row_in_its_readers_before_and_after_merges(
    client: Client, events: dict[str, str], event_type: str
) -> None:
    where = f"event_id = '{events[event_type]}'"
    for table in readers(event_type):
        assert count(client, f"ugc.{table}", where) > 1, "nothing was merged yet, so this test shows something"
        assert count(client, f"analytics.{table}", where) == 1
        assert one(client, f"SELECT session_id FROM analytics.{table} WHERE {where}")["session_id"] == "3600"
    for table in readers(event_type):
        execute(client, "SYSTEM START MERGES")
        execute(client, f"OPTIMIZE TABLE ugc.{table} FINAL")
        assert count(client, f"ugc.{table}", where) == 1
        assert count(client, f"analytics.{table}", where) == 1
        assert one(client, f"SELECT session_id FROM analytics.{table} WHERE {where}")["session_id"] == "3600"
        execute(client, "SYSTEM STOP MERGES")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_filter_on_occurred_at_never_shows_a_copy_that_was_replaced(client: Client, table: str) -> None:
    execute(client, "SYSTEM STOP MERGES")
    event_type = next((name for name, case in TYPES.items() if case["table"] == table), "click")
    first, second, _, last = copies(event_type, MIDNIGHT)
    for entry in (first, second, last):
        land(client, entry)
    where = f"event_id = '{first['event_id']}'"
    boundary = f"toDateTime64({MIDNIGHT.timestamp()}, 3, 'UTC')"
    assert count(client, f"analytics.{table}", f"{where} AND occurred_at < {boundary}") == 0
    assert count(client, f"analytics.{table}", f"{where} AND occurred_at < {boundary} + 60") == 0
    assert count(client, f"analytics.{table}", f"{where} AND occurred_at >= {boundary} + 60") == 1
    execute(client, "SYSTEM START MERGES")


def test_readers_deduplicate_each_partition_by_itself(client: Client) -> None:
    plan = "\n".join(row["explain"] for row in rows(client, "EXPLAIN PIPELINE SELECT event_id FROM analytics.events"))
    partitions = one(
        client,
        "SELECT uniqExact(partition) AS n FROM system.parts WHERE database = 'ugc' AND table = 'events' AND active",
    )["n"]
    assert partitions > 1
    assert plan.count("ReplacingSorted") == partitions


def test_a_filter_on_occurred_at_skips_what_lies_elsewhere(client: Client) -> None:
    query = "EXPLAIN indexes = 1 SELECT event_id FROM analytics.events WHERE occurred_at > now() + INTERVAL 1 DAY"
    plan = "\n".join(row["explain"] for row in rows(client, query))
    assert "occurred_at_minmax" in plan
    assert "Granules: 0/" in plan
