"""ASGI's lifespan protocol: the application is started before the first request, and closed after the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.server.exchange import App


class LifespanError(Exception):
    """The application did not start, or did not shut down properly; with its own message, if it gave one."""


class Lifespan:
    """Starts and closes an application; both raise `LifespanError`."""

    def __init__(self, app: App, state: dict[str, Any]) -> None:
        """The application may write to `state` while it starts."""
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
        self._task = asyncio.ensure_future(app(scope, self._events.get, self._answers.put))

    async def startup(self) -> None:
        await self._step("startup")

    async def shutdown(self) -> None:
        await self._step("shutdown")

    async def _step(self, name: str) -> None:
        await self._events.put({"type": f"lifespan.{name}"})
        answer = asyncio.ensure_future(self._answers.get())
        await asyncio.wait({answer, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            raise LifespanError(f"it ended during its {name}") from self._task.exception()
        if answer.result()["type"] != f"lifespan.{name}.complete":
            raise LifespanError(answer.result().get("message", ""))
