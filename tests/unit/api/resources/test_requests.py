"""Bodies, media types, limits and errors, as a client sees them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import falcon.testing
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.sink.interface import SinkFullError, SinkRefusedError, SinkUnavailableError

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service

PATHS = ["/api/v1/events", "/api/v1/events/batch"]


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=utf-8", "text/plain", "text/plain;charset=UTF-8", "Text/Plain"],
)
def test_json_and_beacons_are_read(service: Service, click: dict[str, Any], media_type: str) -> None:
    assert service.event(click, Content_Type=media_type).status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "application/xml"},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "text/plain; charset=utf-16"},
        {"Content_Encoding": "lzma"},
    ],
)
def test_other_bodies_are_a_415(service: Service, click: dict[str, Any], headers: dict[str, str]) -> None:
    answer = service.event(click, **headers)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
    assert service.sink.messages == []


def test_missing_content_type_is_a_415(service: Service, click: dict[str, Any]) -> None:
    assert service.client.simulate_post("/api/v1/events", body=json.dumps(click)).status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"nonsense",
        b'{"event_type":"click",}',
        b"\xef\xbb\xbf{}",
        b'{"event_type":"click","user_id":"\xff","element":"movie"}',
        b'{"event_type":"click","user_id":"\\ud800","element":"movie"}',
        b'{"event_type":"click","user_id":"\\udc00x","element":"movie"}',
        b'{"event_type":"custom","user_id":"u","name":"n","properties":{"a":NaN}}',
        b'{"event_type":"custom","user_id":"u","name":"n","properties":{"a":Infinity}}',
        b'{"event_type":"custom","user_id":"u","name":"n","properties":{"a":1e999}}',
        b'{"event_type":"custom","user_id":"u","name":"n","properties":{"a":' + b"[" * 20_000,
        b"[" * 60_000,
        b"null",
        b"[]",
        b'"text"',
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_event_is_a_400(service: Service, path: str, body: bytes) -> None:
    answer = service.post(path, body)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"].startswith("$")
    assert service.sink.messages == []


def test_malformed_json_names_the_position(service: Service) -> None:
    answer = service.post("/api/v1/events", '{"event_type":"click",}')
    assert answer.json["detail"] == "$: expected JSON: trailing comma in object (byte 22)"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
FIELDS = ["event_type", "user_id", "element", "occurred_at", "context", "properties", "name", "genres", "view_id", "x"]
ALMOST = st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(["click", "custom", "movie"]), max_size=8)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
def test_rubbish_is_always_refused(service: Service, path: str, body: bytes) -> None:
    assert service.post(path, body).status_code == 400


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=JSON | ALMOST)
def test_almost_an_event_is_stored_or_refused_and_never_an_error(service: Service, event: Any) -> None:
    service.sink.messages.clear()
    answer = service.event(event)
    assert answer.status_code in (202, 400)
    assert len(service.sink.messages) == (1 if answer.status_code == 202 else 0)
    assert service.batch([event]).status_code == answer.status_code


def test_next_event_works_after_a_bad_one(service: Service, click: dict[str, Any]) -> None:
    assert service.post("/api/v1/events", "{").status_code == 400
    assert service.event(click).status_code == 202


def test_event_over_64_kib_is_a_413(service: Service, click: dict[str, Any]) -> None:
    text = json.dumps(click)
    fits = text[:-1] + " " * (64 * 1024 - len(text)) + "}"
    assert service.post("/api/v1/events", fits).status_code == 202
    assert service.post("/api/v1/events", fits + " ").status_code == 413


@pytest.mark.parametrize("path", PATHS)
def test_body_over_1_mib_is_a_413(service: Service, path: str) -> None:
    answer = service.post(path, b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json["type"] == "urn:ugc:problem:body-too-large"


async def _chunked(app: Any, chunks: list[bytes], **more: str) -> int:
    """One request without a Content-Length, straight to the ASGI application."""
    sent: list[Any] = []
    parts = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    parts.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **more}
    scope = falcon.testing.create_scope(path="/api/v1/events", method="POST", headers=headers)
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_chunked_body_is_read_to_the_same_limit(service: Service, click: dict[str, Any]) -> None:
    text = json.dumps(click).encode()
    assert asyncio.run(_chunked(service.app, [text[:9], text[9:]])) == 202
    assert asyncio.run(_chunked(service.app, [b" " * 65_536] * 17)) == 413


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (SinkUnavailableError("secret"), (503, "broker-unavailable")),
        (SinkFullError("secret"), (503, "queue-full")),
        (SinkRefusedError("secret"), (500, "internal-error")),
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_event_that_was_not_acknowledged_is_never_answered_with_success(
    service: Service, click: dict[str, Any], path: str, error: Exception, verdict: tuple[int, str]
) -> None:
    status, kind = verdict
    service.sink.error = error
    body = click if path == PATHS[0] else {"events": [click]}
    answer = service.post(path, json.dumps(body))
    assert answer.status_code == status
    assert answer.json["type"] == f"urn:ugc:problem:{kind}"
    assert "secret" not in answer.text
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
        assert "same event_id" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/events", 405),
        ("PUT", "/api/v1/events/batch", 405),
        ("POST", "/healthz", 405),
        ("GET", "/apidocs/secrets.js", 404),
    ],
)
def test_every_error_is_a_problem_document(service: Service, method: str, path: str, status: int) -> None:
    answer = service.client.simulate_request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status
    if status == 405:
        assert "allow" in answer.headers


def test_readiness_follows_the_sink_and_health_does_not(service: Service) -> None:
    assert service.client.simulate_get("/readyz").status_code == 200
    service.sink.is_ready = False
    answer = service.client.simulate_get("/readyz")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert service.client.simulate_get("/healthz").status_code == 200


def test_body_that_ends_too_early_is_a_400_and_is_not_stored(service: Service, click: dict[str, Any]) -> None:
    text = json.dumps(click).encode()
    assert asyncio.run(_chunked(service.app, [text], **{"Content-Length": str(len(text) + 1)})) == 400
    assert service.sink.messages == []
