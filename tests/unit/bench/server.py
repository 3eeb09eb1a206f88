"""A small API of the tests' own: takes what it is sent, and answers as it is told to."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

Answer = Callable[[int, list[Any]], web.Response | None]


class Api:
    """`answer(number of the request, its events)` gives the response; None is the ordinary 202.

    `before` is awaited with each request before it is answered.
    """

    def __init__(self, answer: Answer | None = None, before: Callable[[], Awaitable[None]] | None = None) -> None:
        self._answer = answer or (lambda _number, _events: None)
        self._before = before
        self.url = ""
        self.bodies: list[Any] = []
        self.headers: list[Any] = []

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Api]:
        app = web.Application(client_max_size=2 << 20)
        app.router.add_post("/api/v1/events", self._take)
        app.router.add_post("/api/v1/events/batch", self._take)
        app.router.add_get("/healthz", self._health)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @property
    def events(self) -> list[list[Any]]:
        """The events of every request."""
        return [body.get("events", [body]) for body in self.bodies]

    async def _take(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.bodies.append(body)
        self.headers.append(request.headers)
        number, events = len(self.bodies), body.get("events", [body])
        if self._before:
            await self._before()
        accepted = web.json_response({"accepted": len(events), "rejected": []}, status=202)
        return self._answer(number, events) or accepted

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response()
