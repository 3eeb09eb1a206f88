"""Whatever is wrong with a request is said clearly, reaches nobody's table, and harms nobody else's events."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from common.topic import Topic
from tests.support.stack import HTTP

if TYPE_CHECKING:
    from tests.support.stack import Stack

CLICK = {"event_type": "click", "user_id": "u1", "element": "movie"}
FAR, NAIVE = "2031-05-05T00:00:00Z", "2026-11-01T00:00:00"
CASES: dict[str, tuple[str, bytes | dict[str, Any], str, int, str]] = {
    # name: route, body, content type, status, what the answer must name
    "malformed JSON": ("events", b'{"event_type": "click",', "application/json", 400, "JSON"),
    "wrong type": ("events", {**CLICK, "x": "ten"}, "application/json", 400, "$.x"),
    "unknown field": ("events", {**CLICK, "colour": "red"}, "application/json", 400, "colour"),
    "unknown event type": ("events", {**CLICK, "event_type": "hover"}, "application/json", 400, "hover"),
    "out-of-range number": ("events", {**CLICK, "x": 1_000_001}, "application/json", 400, "$.x"),
    "negative number": ("events", {**CLICK, "y": -1}, "application/json", 400, "$.y"),
    "missing identity": ("events", {"event_type": "click", "element": "movie"}, "application/json", 400, "user_id"),
    "empty identity": ("events", {**CLICK, "user_id": ""}, "application/json", 400, "$.user_id"),
    "event from 2031": ("events", {**CLICK, "occurred_at": FAR}, "application/json", 400, "$.occurred_at"),
    "time without offset": ("events", {**CLICK, "occurred_at": NAIVE}, "application/json", 400, "$.occurred_at"),
    "wrong content type": ("events", json.dumps(CLICK).encode(), "application/xml", 415, "application/json"),
    "2 MiB body": ("events/batch", b'{"events":["' + b"x" * (2 << 20) + b'"]}', "application/json", 413, "1"),
    "event over 64 KiB": ("events", {**CLICK, "label": "x" * 70_000}, "application/json", 413, "65536"),
    "501 events": ("events/batch", {"events": [CLICK] * 501}, "application/json", 400, "500"),
    "no events": ("events/batch", {"events": []}, "application/json", 400, "$.events"),
    "bad event in a batch": ("events/batch", {"events": [CLICK | {"x": -5}]}, "application/json", 400, "[0].x"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_request_is_a_problem_that_names_what_is_wrong_and_nothing_reaches_kafka(stack: Stack, name: str) -> None:
    route, body, content_type, status, named = CASES[name]
    topic = Topic(stack.bootstrap)
    before = topic.ends()
    answer = stack.post(f"/api/v1/{route}", body, **{"Content-Type": content_type})
    assert answer.status == status, answer.data
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert named in json.dumps(problem, ensure_ascii=False)
    assert topic.ends() == before
    assert stack.send(CLICK)["accepted"] == 1


def test_a_batch_with_bad_events_keeps_the_good_ones_and_names_each_bad_one(stack: Stack) -> None:
    ids = [str(uuid.uuid4()) for _ in range(4)]
    events = [{**CLICK, "event_id": event_id} for event_id in ids]
    events[1]["element"] = "poster"
    del events[3]["user_id"]
    answer = stack.post("/api/v1/events/batch", {"events": events})
    assert answer.status == 207
    result = answer.json()
    assert result["accepted"] == 2
    assert [(bad["index"], bad["event_id"]) for bad in result["rejected"]] == [(1, ids[1]), (3, ids[3])]
    assert "$.events[1].element" in result["rejected"][0]["error"]


def test_get_on_an_ingestion_route_is_a_problem_too(stack: Stack) -> None:
    answer = HTTP.request("GET", f"{stack.url}/api/v1/events")
    assert (answer.status, answer.headers["Allow"].count("POST")) == (405, 1)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
