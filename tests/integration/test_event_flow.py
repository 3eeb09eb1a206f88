"""From an HTTP POST to a row in the typed table and in the reader view."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.stack import eventually

if TYPE_CHECKING:
    from tests.support.stack import Stack

CASES = yaml.safe_load(Path(__file__).with_name("events.yaml").read_text())
CONTEXT = {
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
    "screen_width": 1920,
    "screen_height": 65535,
    "app_version": "1.2.3",
}
VISIBLE_WITHIN_S = 5


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def row_of(stack: Stack, table: str, event_id: str) -> dict[str, Any]:
    """Wait for the event's only row, and return it."""
    rows = eventually(
        lambda: stack.query(f"SELECT * FROM {table} WHERE event_id = {{id:UUID}}", id=event_id),
        within_s=VISIBLE_WITHIN_S,
    )
    assert len(rows) == 1
    row: dict[str, Any] = rows[0]
    return row


@pytest.mark.parametrize("case", CASES, ids=[case["view"] for case in CASES])
def test_every_field_of_each_event_type_arrives_in_its_table_and_reader(stack: Stack, case: dict[str, Any]) -> None:
    event_id = str(uuid.uuid4())
    occurred = now_ms() - 3_600_000
    common = {
        "event_id": event_id,
        "user_id": "user-1",
        "anonymous_id": "anonymous-1",
        "session_id": "session-1",
        "occurred_at": occurred,
        "page_url": "https://cinema.example/films?q=a%20b",
        "referrer": "https://search.example/",
        "context": CONTEXT,
    }
    answer = stack.post("/api/v1/events", {**common, **case["event"]}, **{"User-Agent": 'Tester/1.0 (quoted "agent")'})
    assert (answer.status, answer.json()) == (202, {"event_id": event_id})

    row = row_of(stack, f"analytics.{case['view']}", event_id)
    moment = datetime.fromtimestamp(occurred / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    expected = {
        **case["row"],
        **CONTEXT,
        "event_id": event_id,
        "user_id": "user-1",
        "anonymous_id": "anonymous-1",
        "session_id": "session-1",
        "occurred_at": moment,
        "page_url": common["page_url"],
        "referrer": common["referrer"],
        "ip": "127.0.0.0",
        "user_agent": 'Tester/1.0 (quoted "agent")',
    }
    assert {column: row.get(column) for column in expected} == expected
    assert row["user_agent"].startswith("Tester/1.0")
    if case["view"] == "custom_events":
        assert json.loads(row["properties"]) == case["event"]["properties"]
    typed = row_of(stack, f"ugc.{case['view']}", event_id)
    assert {column: typed.get(column) for column in case["row"]} == case["row"]
    landed = row_of(stack, "ugc.events", event_id)
    assert (landed["event_type"], landed["kafka_topic"]) == (case["event"]["event_type"], "ugc.events")


def test_an_event_without_an_id_gets_a_uuid7_that_is_in_the_answer_and_in_the_table(stack: Stack) -> None:
    answer = stack.post("/api/v1/events", {"event_type": "click", "anonymous_id": "a-7", "element": "other"})
    assert answer.status == 202
    event_id = answer.json()["event_id"]
    assert uuid.UUID(event_id).version == 7
    row = row_of(stack, "analytics.clicks", event_id)
    assert (row["user_id"], row["anonymous_id"], row["x"], row["label"]) == ("", "a-7", None, "")


def test_optional_fields_left_out_are_null_or_empty_never_zero(stack: Stack) -> None:
    event_id = str(uuid.uuid4())
    stack.send({"event_type": "search_filter", "user_id": "u", "event_id": event_id})
    row = row_of(stack, "analytics.search_filters", event_id)
    optional = ("rating_min", "rating_max", "year_from", "year_to", "results_count", "screen_width")
    assert [row[column] for column in optional] == [None] * len(optional)
    assert (row["query"], row["genres"], row["actors"]) == ("", [], [])


@pytest.mark.parametrize("text", ["2031-01-01T00:00:00Z", "1999-12-31T23:59:59+03:00"])
def test_a_time_outside_the_window_is_refused(stack: Stack, text: str) -> None:
    answer = stack.post(
        "/api/v1/events", {"event_type": "click", "user_id": "u", "element": "other", "occurred_at": text}
    )
    assert answer.status == 400
    assert "$.occurred_at" in answer.data.decode()


def test_rfc3339_times_with_any_offset_and_epoch_milliseconds_are_the_same_moment(stack: Stack) -> None:
    moment = datetime.now(UTC).replace(microsecond=123_000) - timedelta(hours=5)
    forms = [
        moment.isoformat(),
        moment.isoformat().replace("+00:00", "Z"),
        (moment + timedelta(hours=3)).isoformat().replace("+00:00", "+03:00"),
        round(moment.timestamp() * 1000),
    ]
    ids = [str(uuid.uuid4()) for _ in forms]
    stack.send(
        *(
            {"event_type": "click", "user_id": "times", "element": "other", "event_id": event_id, "occurred_at": form}
            for event_id, form in zip(ids, forms, strict=True)
        )
    )
    seen = {row_of(stack, "analytics.clicks", event_id)["occurred_at"] for event_id in ids}
    assert seen == {moment.strftime("%Y-%m-%d %H:%M:%S.123")}


def test_a_wrong_client_clock_is_corrected_by_the_time_of_sending(stack: Stack) -> None:
    event_id = str(uuid.uuid4())
    wrong = now_ms() - 7 * 3_600_000
    event = {"event_type": "click", "user_id": "skewed", "element": "other", "event_id": event_id}
    stack.send({**event, "occurred_at": wrong - 10_000}, sent_at=wrong)
    row = row_of(stack, "analytics.clicks", event_id)
    occurred = datetime.fromisoformat(row["occurred_at"] + "+00:00").timestamp() * 1000
    assert abs(occurred - (now_ms() - 10_000)) < 5_000


def test_unknown_types_that_reach_kafka_land_without_a_typed_table(stack: Stack) -> None:
    from common.topic import Topic  # noqa: PLC0415

    event_id = str(uuid.uuid4())
    line = {
        "event_id": event_id,
        "event_type": "hologram",
        "user_id": "u",
        "received_at": now_ms(),
        "payload": {"a": 1},
    }
    Topic(stack.bootstrap).write([json.dumps(line).encode()])
    assert json.loads(row_of(stack, "ugc.events", event_id)["payload"]) == {"a": 1}
