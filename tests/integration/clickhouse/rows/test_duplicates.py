"""The same event several times, as retries and redeliveries make it: every reader shows the copy received first."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.connection.client import execute, rows
from tests.integration.clickhouse.conftest import cases, count, land, one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

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


KEY_TIMES = {
    "key-before-midnight": MIDNIGHT - timedelta(milliseconds=1),
    "key-after-midnight": MIDNIGHT,
    "no-plausible-key": datetime.fromtimestamp(0, tz=UTC),
}


@pytest.fixture
def no_merges(client: Client) -> Iterator[None]:
    """Every insert stays a part of its own."""
    execute(client, "SYSTEM STOP MERGES")
    yield
    execute(client, "SYSTEM START MERGES")


@pytest.mark.usefixtures("no_merges")
@pytest.mark.parametrize("key_time", KEY_TIMES.values(), ids=KEY_TIMES)
@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_sent_four_times_is_one_row_in_its_readers_before_and_after_merges(
    client: Client, event_type: str, key_time: datetime
) -> None:
    sent = copies(event_type, key_time)
    for number in (3, 0, 1, 2):  # the first to be received does not come first
        land(client, sent[number])
    tables = ("events", TYPES[event_type]["table"])
    where = f"event_id = '{sent[0]['event_id']}'"
    for table in tables:
        assert count(client, f"ugc.{table}", where) == len(sent), "nothing was merged yet"
        assert one(client, f"SELECT session_id FROM analytics.{table} WHERE {where}")["session_id"] == "-1"
    execute(client, "SYSTEM START MERGES")
    for table in tables:
        execute(client, f"OPTIMIZE TABLE ugc.{table} FINAL")
        assert count(client, f"ugc.{table}", where) == 1
        assert one(client, f"SELECT session_id FROM analytics.{table} WHERE {where}")["session_id"] == "-1"


@pytest.mark.usefixtures("no_merges")
@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_filter_on_occurred_at_never_shows_a_copy_that_was_replaced(client: Client, table: str) -> None:
    event_type = next((name for name, case in TYPES.items() if case["table"] == table), "click")
    first, second, _, last = copies(event_type, MIDNIGHT)
    for entry in (last, second, first):
        land(client, entry)
    where = f"event_id = '{first['event_id']}'"
    boundary = f"toDateTime64({MIDNIGHT.timestamp()}, 3, 'UTC')"
    assert count(client, f"analytics.{table}", f"{where} AND occurred_at >= {boundary} + 60") == 0
    assert count(client, f"analytics.{table}", f"{where} AND occurred_at >= {boundary}") == 0
    assert count(client, f"analytics.{table}", f"{where} AND occurred_at < {boundary}") == 1


def test_readers_of_merged_data_merge_nothing(client: Client) -> None:
    for key_time in KEY_TIMES.values():
        land(client, *copies("click", key_time)[:1])
    execute(client, "OPTIMIZE TABLE ugc.events FINAL")
    parts = "SELECT DISTINCT partition FROM system.parts WHERE database = 'ugc' AND table = 'events' AND active"
    assert count(client, f"({parts})") > 1
    plan = rows(client, "EXPLAIN PIPELINE SELECT event_id FROM analytics.events")
    assert not [row for row in plan if "Replacing" in row["explain"]]


@pytest.mark.usefixtures("no_merges")
def test_readers_of_unmerged_data_merge_no_further_than_a_partition(client: Client) -> None:
    for key_time in KEY_TIMES.values():
        first, second, *_ = copies("click", key_time)
        land(client, first)
        land(client, second)
    plan = rows(client, "EXPLAIN PIPELINE SELECT event_id FROM analytics.events")
    merges = [row["explain"] for row in plan if "ReplacingSorted" in row["explain"]]
    assert len(merges) >= len(KEY_TIMES), "the setting inside the view holds for whoever reads it"


def test_a_filter_on_occurred_at_skips_what_lies_elsewhere(client: Client) -> None:
    query = "EXPLAIN indexes = 1 SELECT event_id FROM analytics.events WHERE occurred_at > now() + INTERVAL 1 DAY"
    plan = "\n".join(row["explain"] for row in rows(client, query))
    assert "occurred_at_minmax" in plan
    assert "Granules: 0/" in plan
