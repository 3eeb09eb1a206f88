"""The life of an ASGI application in a worker: started before the first request, closed after the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.server.exchange import App


class LifespanError(Exception):
    """The application could not be started, or not be closed; the message says what it said."""


class Lifespan:
    """Both verbs raise `LifespanError`."""

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
            raise LifespanError(f"it ended at its {name}") from self._task.exception()
        if answer.result()["type"] != f"lifespan.{name}.complete":
            raise LifespanError(answer.result().get("message", ""))
