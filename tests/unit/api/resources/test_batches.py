"""One verdict for each event of a batch; the good ones are kept, in order, in one message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.sink.interface import SinkUnavailableError

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service

IDS = [f"0190a6a0-5c52-4000-8000-{number:012}" for number in range(600)]


def test_batch_is_one_message_with_its_events_in_order(service: Service, click: dict[str, Any]) -> None:
    answer = service.batch([{**click, "event_id": event_id} for event_id in IDS[:500]])
    assert answer.status_code == 202
    assert answer.json == {"accepted": 500, "rejected": []}
    assert len(service.sink.messages) == 1
    assert [event["event_id"] for event in service.sink.events()] == IDS[:500]


def test_batch_with_one_bad_event_keeps_the_others(service: Service, click: dict[str, Any]) -> None:
    events: list[Any] = [{**click, "event_id": event_id} for event_id in IDS[:4]]
    events[1] = {**events[1], "x": "1"}
    events[2] = {**events[2], "user_id": None}
    answer = service.batch(events)
    assert answer.status_code == 207
    assert answer.json == {
        "accepted": 2,
        "rejected": [
            {"index": 1, "event_id": IDS[1], "error": "$.events[1].x: expected `integer`, got `string`"},
            {
                "index": 2,
                "event_id": IDS[2],
                "error": "$.events[2]: expected at least one of user_id and anonymous_id, got neither",
            },
        ],
    }
    assert [event["event_id"] for event in service.sink.events()] == [IDS[0], IDS[3]]


@pytest.mark.parametrize("bad", [None, 1, "text", [], {}, {"event_id": 5}, {"event_type": []}])
def test_batch_keeps_good_events_beside_rubbish(service: Service, click: dict[str, Any], bad: Any) -> None:
    answer = service.batch([bad, click])
    assert answer.status_code == 207
    assert answer.json["accepted"] == 1
    [rejected] = answer.json["rejected"]
    assert rejected["index"] == 0
    assert rejected["event_id"] is None
    assert rejected["error"].startswith("$.events[0]")


def test_batch_without_a_valid_event_is_a_400_that_lists_them_all(service: Service, click: dict[str, Any]) -> None:
    answer = service.batch([{**click, "x": "1"}, {**click, "event_type": "login"}])
    assert answer.status_code == 400
    assert [each["index"] for each in answer.json["rejected"]] == [0, 1]
    assert "$.events[0].x" in answer.json["detail"]
    assert service.sink.messages == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"events": []}, "$.events"),
        ({}, "$.events"),
        ({"events": None}, "$.events"),
        ({"events": {}}, "$.events"),
        ([], "$"),
        ({"events": [1], "more": 1}, "$.more"),
        ({"events": [1], "sent_at": "yesterday"}, "$.sent_at"),
        ({"events": [1], "sent_at": "2023-11-14T22:13:20"}, "$.sent_at"),
    ],
)
def test_batch_that_cannot_be_read_is_a_400_that_says_where(service: Service, body: Any, path: str) -> None:
    answer = service.post("/api/v1/events/batch", json.dumps(body))
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"] == path


def test_501_events_are_refused_with_their_number(service: Service, click: dict[str, Any]) -> None:
    answer = service.batch([click] * 501)
    assert answer.status_code == 400
    assert answer.json["detail"] == "$.events: expected 1 to 500 events, got 501"
    assert service.sink.messages == []


def test_one_event_of_a_large_batch_may_not_exceed_its_own_limit(service: Service, click: dict[str, Any]) -> None:
    padded = json.dumps(click)[:-1] + " " * (64 * 1024) + "}"
    answer = service.post("/api/v1/events/batch", f'{{"events":[{json.dumps(click)},{padded}]}}')
    assert answer.status_code == 207
    [rejected] = answer.json["rejected"]
    assert rejected["error"].startswith("$.events[1]: expected at most 65536 bytes, got 65")


def test_batch_that_grows_over_a_message_becomes_several_in_order(service: Service, click: dict[str, Any]) -> None:
    events = [{**click, "event_id": event_id, "page_url": "u" * 1900} for event_id in IDS[:490]]
    assert service.batch(events).status_code == 202
    assert len(service.sink.messages) == 2
    assert all(len(message) <= 900_000 for message in service.sink.messages)
    assert [event["event_id"] for event in service.sink.events()] == IDS[:490]


def test_batch_that_is_not_acknowledged_is_a_503(service: Service, click: dict[str, Any]) -> None:
    service.sink.error = SinkUnavailableError("away")
    answer = service.batch([click])
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
