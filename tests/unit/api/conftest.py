"""The service on a list in memory, with a clock that stands still and ids that count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from falcon.testing import TestClient

from api.app import create_app
from api.configuration.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon.testing import Result

NOW = 1_700_000_000_456
NEW_ID = "018bcfe5-69c8-7000-8000-000000000001"


class MemorySink:
    """Keeps what it is sent; refuses with `error` while that is set."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.error: Exception | None = None
        self.is_ready = True
        self.life: list[str] = []

    async def start(self) -> None:
        self.life.append("start")

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        assert key is None
        if self.error is not None:
            raise self.error
        self.messages.append(value)

    async def flush(self, timeout_s: float) -> None:
        assert timeout_s > 0

    async def close(self, wait_s: float = 6.0) -> None:
        assert wait_s > 0
        self.life.append("close")

    def ready(self) -> bool:
        return self.is_ready

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for message in self.messages for line in message.splitlines()]


class Service:
    """A client of the whole app, and what lies behind it."""

    def __init__(self, **environment: str) -> None:
        self.sink = MemorySink()
        self.now = NOW
        settings = read_settings({"UGC_RATE_LIMIT": "off", **environment})
        self.app = create_app(settings, self.sink, lambda: self.now, lambda _now: NEW_ID)
        self.client = TestClient(self.app)

    def post(self, path: str, body: bytes | str, **headers: str) -> Result:
        given = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.client.simulate_post(path, body=body, headers=given)

    def event(self, event: Any, **headers: str) -> Result:
        return self.post("/api/v1/events", json.dumps(event), **headers)

    def batch(self, events: list[Any], **more: Any) -> Result:
        return self.post("/api/v1/events/batch", json.dumps({"events": events, **more}))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def service_with() -> Callable[..., Service]:
    return Service


@pytest.fixture
def click() -> dict[str, Any]:
    return {"event_type": "click", "user_id": "u1", "element": "movie"}
