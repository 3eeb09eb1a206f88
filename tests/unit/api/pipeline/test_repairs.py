"""What a browser decides is repaired and counted; what a page's code decides is refused; neither costs the batch."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service

LEAVE = {
    "event_type": "page_leave",
    "user_id": "u1",
    "view_id": "0190a6a0-5c52-4000-8000-000000000001",
    "page_type": "other",
    "dwell_ms": 5,
}


def repaired(service: Service) -> dict[tuple[str, str], int]:
    text = service.client.simulate_get("/metrics").text
    found = re.findall(r'^ugc_repaired_total\{field="(\w+)",rule="(\w+)"\} (\d+)\.0$', text, re.MULTILINE)
    return {(field, rule): int(count) for field, rule, count in found}


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"dwell_ms": 86_400_001}, ("dwell_ms", "cut")),
        ({"dwell_ms": 1.5}, ("dwell_ms", "rounded")),
        ({"page_url": "a" * 3000}, ("page_url", "cut")),
        ({"referrer": "\U0001f600" * 3000}, ("referrer", "cut")),
        ({"context": {"timezone": "Mars/Base"}}, ("timezone", "unknown")),
        ({"context": {"timezone": "a" * 65}}, ("timezone", "unknown")),
        ({"context": {"screen_width": 0}}, ("screen_width", "unknown")),
        ({"page_url": "a\ud83d"}, ("text", "surrogate")),
    ],
)
def test_what_a_browser_decides_is_taken_and_counted(
    service: Service, change: dict[str, Any], label: tuple[str, str]
) -> None:
    assert service.event({**LEAVE, **change}).status_code == 202
    assert service.batch([LEAVE, {**LEAVE, **change}]).json == {"accepted": 2, "rejected": []}
    assert repaired(service) == {label: 2}


def test_good_event_is_not_counted_as_repaired(service: Service) -> None:
    good = {**LEAVE, "page_url": "\U0001f600 \\ud83d", "context": {"timezone": "Europe/Berlin"}}
    assert service.event(good).status_code == 202
    assert service.sink.events()[0]["page_url"] == good["page_url"]
    assert repaired(service) == {}


def test_repairs_of_a_refused_event_are_not_counted(service: Service) -> None:
    old = {**LEAVE, "dwell_ms": 1.5, "occurred_at": "2001-01-01T00:00:00Z"}
    twice = json.dumps({**LEAVE, "dwell_ms": 1.5}).replace("{", '{"user_id": "u2", ')
    unknown = {**LEAVE, "dwell_ms": 1.5, "zzz": 1}
    body = json.dumps({"events": [LEAVE, old, "twice", unknown, {**LEAVE, "dwell_ms": 2.5}]}).replace('"twice"', twice)
    answer = service.post("/api/v1/events/batch", body)
    assert answer.json["accepted"] == 2
    assert [each["error"].partition(",")[0] for each in answer.json["rejected"]] == [
        "$.events[1].occurred_at: expected a time within the last 30 days",
        "$.events[2]: expected each key of an object once",
        "$.events[3].zzz: unknown field",
    ]
    assert repaired(service) == {("dwell_ms", "rounded"): 1}


def test_several_repairs_of_one_event_are_each_counted(service: Service) -> None:
    context = {"timezone": "Mars/Base", "screen_width": 0, "screen_height": 1.5, "locale": "de"}
    wrong = {**LEAVE, "dwell_ms": 1e300, "scroll_percent": 0.4, "page_url": "\ud83d" + "a" * 3000, "context": context}
    assert service.batch([wrong, {**LEAVE, "user_id": ""}, wrong]).json["accepted"] == 2
    [event, _] = service.sink.events()
    assert event["page_url"] == "\ufffd" + "a" * 2047
    assert event["payload"] == {
        "view_id": LEAVE["view_id"],
        "page_type": "other",
        "dwell_ms": 86_400_000,
        "scroll_percent": 0,
    }
    assert repaired(service) == {
        ("text", "surrogate"): 1,
        ("dwell_ms", "cut"): 2,
        ("scroll_percent", "rounded"): 2,
        ("page_url", "cut"): 2,
        ("timezone", "unknown"): 2,
        ("screen_width", "unknown"): 2,
        ("screen_height", "rounded"): 2,
    }


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (r"\ud83d", "\ufffd"),
        (r"\ude00", "\ufffd"),
        (r"\ud83d\ud83d\ude00\ude00", "\ufffd\U0001f600\ufffd"),
        (r"\ud83d\\ude00", "\ufffd\\ude00"),
        (r"\\ud83d\\\ud83d", "\\ud83d\\\ufffd"),
        (r"\uD83D\uDE00\uDE00\u0041", "\U0001f600\ufffdA"),
    ],
)
def test_each_half_of_a_pair_is_replaced_and_nothing_else(
    service: Service, click: dict[str, Any], sent: str, stored: str
) -> None:
    body = json.dumps({**click, "label": "half"}).replace("half", sent)
    assert service.post("/api/v1/events", body).status_code == 202
    assert service.post("/api/v1/events/batch", f'{{"events":[{body}]}}').status_code == 202
    assert [event["payload"]["label"] for event in service.sink.events()] == [stored, stored]


def test_unknown_time_zone_is_left_empty(service: Service) -> None:
    service.event({**LEAVE, "context": {"timezone": "Mars/Base", "screen_height": 0, "locale": "de"}})
    [event] = service.sink.events()
    assert event["locale"] == "de"
    assert not {"timezone", "screen_height"} & set(event)


def test_half_an_emoji_in_a_text_costs_neither_its_event_nor_the_batch(service: Service, click: dict[str, Any]) -> None:
    answer = service.batch([click, {**click, "label": "a\ude00", "x": 1.5}, {**click, "element": "poster"}])
    assert (answer.status_code, answer.json["accepted"]) == (207, 2)
    assert service.sink.events()[1]["payload"] == {"element": "movie", "label": "a\ufffd", "x": 2}


@pytest.mark.parametrize("field", ["user_id", "session_id", "element_id"])
def test_half_an_emoji_in_an_id_is_refused_and_the_batch_is_kept(
    service: Service, click: dict[str, Any], field: str
) -> None:
    answer = service.batch([click, {**click, field: "a\ud83d"}])
    assert answer.status_code == 207
    [rejected] = answer.json["rejected"]
    assert rejected["error"].startswith(f"$.events[1].{field}: expected an id without characters that nobody sees")


def test_event_that_is_wrong_beyond_repair_is_refused_for_that_alone(service: Service) -> None:
    answer = service.event({**LEAVE, "dwell_ms": 1.5, "scroll_percent": 101})
    assert answer.json["detail"] == "$.scroll_percent: expected `integer` <= 100, got 101"
    assert repaired(service) == {}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/api/v1/events", {"events": [LEAVE]}, "expected one event, got a batch: post it to /api/v1/events/batch"),
        ("/api/v1/events/batch", LEAVE, "expected a batch, got one event: post it to /api/v1/events"),
        ("/api/v1/events", [LEAVE], "post it to /api/v1/events/batch"),
        ("/api/v1/events/batch", [LEAVE], "post it to /api/v1/events/batch"),
        ("/api/v1/events", {**LEAVE, "pageType": "other"}, "$.pageType: unknown field: did you mean page_type?"),
        ("/api/v1/events", {"eventType": "click"}, "$.event_type: required field is missing, got eventType"),
        ("/api/v1/events", {"user_id": "u1", "event-type": "click"}, "required field is missing, got event-type"),
        ("/api/v1/events", {**LEAVE, "dwell_ms": "5", "y": 1}, "$.dwell_ms: expected `integer`, got `string`"),
        ("/api/v1/events/batch", {"user_id": "u1", **LEAVE}, "expected a batch, got one event"),
        ("/api/v1/events/batch", {"events": [[LEAVE]]}, "$.events[0]: expected `object`, got `array`"),
        ("/api/v1/events/batch", {"events": [{"eventType": "click"}]}, "$.events[0].event_type: required field is m"),
    ],
)
def test_answer_says_where_it_belongs_and_what_it_is_called(service: Service, path: str, body: Any, told: str) -> None:
    answer = service.post(path, json.dumps(body))
    assert answer.status_code == 400
    assert told in answer.json["detail"]


def test_byte_order_mark_and_several_gzip_members_are_read(service: Service, click: dict[str, Any]) -> None:
    marked = b"\xef\xbb\xbf" + json.dumps(click).encode()
    assert service.post("/api/v1/events", marked).status_code == 202
    members = gzip.compress(marked[:20]) + gzip.compress(marked[20:])
    assert service.post("/api/v1/events", members, Content_Encoding="gzip").status_code == 202
    answer = service.post("/api/v1/events", members)
    assert "say so in the header Content-Encoding: gzip" in answer.json["detail"]
