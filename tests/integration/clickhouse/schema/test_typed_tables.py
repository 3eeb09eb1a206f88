"""From the landing table to the typed ones: no payload, whatever is in it, makes an MV throw or a number wrap."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.clickhouse.conftest import cases, count, land, one

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TABLES = {case["type"]: case["table"] for case in cases("event_types.yaml")}
HOSTILE = cases("hostile_payloads.yaml")
NOW_MS = int(time.time() * 1000)


def event(event_type: str, payload: Any) -> dict[str, Any]:
    moment = NOW_MS / 1000
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "identity": "u1",
        "user_id": "u1",
        "key_time": moment,
        "occurred_at": moment,
        "received_at": moment,
        "payload": payload,
    }


@pytest.mark.parametrize("case", HOSTILE, ids=[f"{case['type']}-{n}" for n, case in enumerate(HOSTILE)])
def test_a_hostile_payload_becomes_a_row_without_false_values(client: Client, case: dict[str, Any]) -> None:
    sent = event(case["type"], case["payload"])
    land(client, sent)
    row = one(
        client, f"SELECT * FROM analytics.{TABLES[case['type']]} WHERE event_id = {{id:UUID}}", id=sent["event_id"]
    )
    stored = {name: str(row[name]) if name == "view_id" else row[name] for name in case["stored"]}
    assert stored == case["stored"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = sorted({field for case in cases("event_types.yaml") for field in case["payload"]})


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES), min_size=10, max_size=10))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_values_in_any_fields_of_any_type_make_one_row_each(client: Client, payloads: list[dict[str, Any]]) -> None:
    sent = [event(event_type, json.dumps(payload)) for payload in payloads for event_type in TABLES]
    land(client, *sent)
    for event_type, table in TABLES.items():
        ids = [entry["event_id"] for entry in sent if entry["event_type"] == event_type]
        assert count(client, f"analytics.{table}", f"event_id IN {tuple(ids)}") == len(ids)


def test_a_type_without_a_table_stays_in_the_landing_table(client: Client) -> None:
    sent = event("rating", {"stars": 5})
    land(client, sent)
    row = one(client, "SELECT payload FROM analytics.events WHERE event_id = {id:UUID}", id=sent["event_id"])
    assert json.loads(row["payload"]) == {"stars": 5}
    assert all(count(client, f"ugc.{table}", f"event_id = '{sent['event_id']}'") == 0 for table in TABLES.values())


@pytest.mark.parametrize("table", ["events", *TABLES.values()])
def test_every_column_of_a_stored_table_is_commented(client: Client, table: str) -> None:
    assert count(client, "system.columns", f"database = 'ugc' AND table = '{table}' AND comment = ''") == 0
