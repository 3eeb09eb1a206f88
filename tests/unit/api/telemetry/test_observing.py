"""Metrics against what was sent, lines of the log, request ids."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.server.logs import JsonFormatter
from api.sink.interface import SinkUnavailableError
from tests.unit.api.conftest import NOW, Service

if TYPE_CHECKING:
    from collections.abc import Callable

CLICK = {"event_type": "click", "user_id": "secret-user", "element": "movie"}
ID = "0190a6a0-5c52-7000-8000-000000000001"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1)"


def figures(service: Service) -> dict[str, float]:
    """All samples by name and labels, as they stand in the text."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(service.client.simulate_get("/metrics").text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_figures_are_what_was_sent(service: Service) -> None:
    view = {"event_type": "video_complete", "user_id": "u", "movie_id": "m", "duration_ms": 1}
    service.event(CLICK)
    service.event(CLICK, User_Agent=BOT)
    service.event({**CLICK, "x": "1"})
    service.event({"event_type": "hover"})
    service.post("/api/v1/events", "{")
    service.post("/api/v1/events", "{}", Content_Type="application/xml")
    service.batch([{**CLICK, "event_id": ID}, {**CLICK, "event_id": ID}, view, {**CLICK, "user_id": "null"}])
    service.batch([{**view, "movie_id": ""}, {"event_type": "click"}])
    service.batch([CLICK], sent_at=NOW - 2000)
    service.client.simulate_get("/nowhere")
    found = figures(service)
    expected = {
        "ugc_events_total{event_type=click,outcome=accepted}": 4,
        "ugc_events_total{event_type=video_complete,outcome=accepted}": 1,
        "ugc_events_total{event_type=click,outcome=repeated}": 1,
        "ugc_events_total{event_type=click,outcome=rejected}": 3,
        "ugc_events_total{event_type=video_complete,outcome=rejected}": 1,
        "ugc_events_total{event_type=unknown,outcome=rejected}": 2,
        "ugc_bot_events_total": 1,
        "ugc_rejections_total{reason=invalid_value}": 2,
        "ugc_rejections_total{reason=unknown_event_type}": 1,
        "ugc_rejections_total{reason=malformed_json}": 1,
        "ugc_rejections_total{reason=unsupported_body}": 1,
        "ugc_rejections_total{reason=junk_identity}": 1,
        "ugc_rejections_total{reason=missing_field}": 1,
        "ugc_http_requests_total{route=/api/v1/events,status=202}": 2,
        "ugc_http_requests_total{route=/api/v1/events,status=400}": 3,
        "ugc_http_requests_total{route=/api/v1/events,status=415}": 1,
        "ugc_http_requests_total{route=/api/v1/events/batch,status=202}": 1,
        "ugc_http_requests_total{route=/api/v1/events/batch,status=207}": 1,
        "ugc_http_requests_total{route=/api/v1/events/batch,status=400}": 1,
        "ugc_http_requests_total{route=other,status=404}": 1,
        "ugc_ack_seconds_count{outcome=acknowledged}": 4,
        "ugc_clock_skew_seconds_count": 1,
        "ugc_clock_skew_seconds_sum": 2,
        "ugc_sink_waiting_messages": 0,
        "ugc_breaker_state": 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    counted = ("ugc_events_total", "ugc_rejections_total", "ugc_http_requests_total")
    assert {name for name in found if name.startswith(counted)} <= set(expected)


def test_event_that_is_not_acknowledged_is_counted_as_failed_and_opens_the_breaker(service: Service) -> None:
    service.sink.error = SinkUnavailableError("away")
    service.sink.is_ready = False
    for _ in range(2):
        assert service.event(CLICK).status_code == 503
    found = figures(service)
    assert found["ugc_events_total{event_type=click,outcome=failed}"] == 2
    assert found["ugc_rejections_total{reason=broker_unavailable}"] == 2
    assert found["ugc_ack_seconds_count{outcome=failed}"] == 1, "the second did not reach the sink"
    assert found["ugc_breaker_state"] == 2


def test_labels_are_a_closed_list_whatever_is_sent(service: Service) -> None:
    for number in range(50):
        service.client.simulate_get(f"/nowhere/{number}")
        service.event({"event_type": f"type-{number}", "user_id": "u"})
        service.client.simulate_request("POST", "/api/v1/events", headers={"Content-Type": f"a/{number}"})
    before = len(figures(service))
    service.client.simulate_get("/nowhere/else")
    service.event({"event_type": "type", "user_id": "u"})
    assert len(figures(service)) <= before + 2, "but for /metrics itself"


REJECTED: dict[str, tuple[dict[str, str], str, str, dict[str, int]]] = {
    "bad event": ({}, "/api/v1/events", json.dumps({**CLICK, "x": "secret-x"}), {"invalid_value": 1}),
    "no JSON": ({}, "/api/v1/events", "secret", {"malformed_json": 1}),
    "batch": (
        {},
        "/api/v1/events/batch",
        json.dumps({"events": [CLICK, {**CLICK, "secret": 1}, {"event_type": "secret"}, {**CLICK, "secret": 1}]}),
        {"unknown_field": 2, "unknown_event_type": 1},
    ),
    "key": ({"X_Write_Key": "secret"}, "/api/v1/events", json.dumps(CLICK), {"write_key": 1}),
    "origin": ({"Origin": "https://secret.example"}, "/api/v1/events", json.dumps(CLICK), {"origin": 1}),
}


@pytest.mark.parametrize("name", REJECTED)
def test_every_rejection_is_one_line_without_anything_that_was_sent(
    service_with: Callable[..., Service], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    headers, path, body, reasons = REJECTED[name]
    service = service_with(UGC_WRITE_KEYS="key-of-test", UGC_ALLOWED_ORIGINS="https://cinema.example")
    caplog.set_level(logging.INFO)
    answer = service.post(path, body, **{"X_Write_Key": "key-of-test", "User_Agent": "secret-agent", **headers})
    assert answer.status_code >= 207
    (record,) = caplog.records
    line = JsonFormatter().format(record)
    assert "secret" not in line
    assert "127.0.0.1" not in line
    fields: dict[str, Any] = json.loads(line)
    assert fields["message"] == "rejected"
    assert fields["reasons"] == reasons
    assert (fields["status"], fields["route"]) == (answer.status_code, path)
    assert fields["request_id"] == answer.headers["x-request-id"]


def test_accepted_events_are_not_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service.event(CLICK)
    service.batch([CLICK])
    assert [record for record in caplog.records if record.name.startswith("api")] == []


@pytest.mark.parametrize("given", ["abc", "0190a6a0-5c52-7000-8000-000000000001", "a" * 64, "a.b_c-1"])
def test_sane_request_id_comes_back(service: Service, given: str) -> None:
    assert service.event(CLICK, X_Request_Id=given).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a@b.example", "a" * 65, "<x>", 'a"'])
def test_other_request_ids_are_replaced(service: Service, given: str) -> None:
    first, second = (service.event(CLICK, X_Request_Id=given).headers["x-request-id"] for _ in range(2))
    assert len(first) == len(second) == 16
    assert first != second
    assert given not in {first, second}
