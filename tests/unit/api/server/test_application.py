"""What the application sees to that Falcon leaves to its server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import falcon.testing
import pytest

from tests.unit.api.conftest import Service

BODY = json.dumps({"event_type": "click", "user_id": "u1", "element": "movie"}).encode()


@pytest.mark.parametrize("query", [b"write_key=\xff", b"\xff", "a=кино".encode(), b"write_key=%FF%00"])
def test_bytes_in_the_query_that_are_no_ascii_are_no_error_of_the_service(query: bytes) -> None:
    service = Service(UGC_WRITE_KEYS="web:secret-key-of-a-site")
    for method, path in (("GET", "/healthz"), ("POST", "/api/v1/events")):
        scope = falcon.testing.create_scope(path=path, method=method)
        scope["query_string"] = query
        assert asyncio.run(_ask(service.app, scope)) == (200 if method == "GET" else 401)


async def _ask(app: Any, scope: dict[str, Any]) -> int:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_body_in_chunks_that_breaks_off_is_not_taken_for_the_whole(service: Service) -> None:
    """A server says so by a disconnect, behind which Falcon would take what came before."""
    headers = {"Content-Type": "application/json"}
    scope = falcon.testing.create_scope(path="/api/v1/events", method="POST", headers=headers)
    events = [{"type": "http.request", "body": BODY, "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(service.app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert b"incomplete-body" in sent[1]["body"]
    assert service.sink.messages == []


def test_websocket_is_closed_and_raises_nothing(service: Service) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    for path in ("/healthz", "/api/v1/events", "/nothing"):
        asyncio.run(service.app(falcon.testing.create_scope_ws(path=path), receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"] * 3


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/apidocs"])
def test_head_has_the_length_of_get_and_no_body(service: Service, path: str) -> None:
    got, head = service.client.simulate_get(path), service.client.simulate_head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-length"] == str(len(got.content))


def test_body_known_to_be_too_large_is_not_read(service: Service) -> None:
    scope = falcon.testing.create_scope(
        path="/api/v1/events",
        method="POST",
        headers={"Content-Type": "application/json", "Content-Length": str(2 << 20)},
    )
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"", "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(service.app(scope, receive, send))
    assert (sent[0]["status"], asked) == (413, 1)
