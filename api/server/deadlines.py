"""A deadline for request bodies: from the headers to the last byte."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import falcon.asgi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Receive = Callable[[], Awaitable[dict[str, Any]]]

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
_NOTHING_YET: dict[str, Any] = {"type": "http.request", "body": b"", "more_body": True}


class SlowBodyError(Exception):
    """The body did not arrive in time."""


class PromptBody:
    """An ASGI `receive` that gives a whole body until `within_s` seconds are over."""

    def __init__(self, receive: Receive, within_s: float) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + within_s
        self._expired = False
        self._asked_before = False
        self._all_there = False

    async def __call__(self) -> dict[str, Any]:
        """Raises `SlowBodyError`, but not at the first call, which Falcon makes before any of our code can answer."""
        first, self._asked_before = not self._asked_before, True
        if self._all_there:
            # What is asked for now is whether the client has gone.
            return await self._receive()
        if self._expired:
            raise SlowBodyError
        task = asyncio.current_task()
        timer = self._loop.call_at(self._until, self._expire, task)
        try:
            event = await self._receive()
        except asyncio.CancelledError:
            # Somebody else's cancellation stays one, also when both come together.
            if not self._ours(task):
                raise
            if first:
                return _NOTHING_YET
            raise SlowBodyError from None
        finally:
            timer.cancel()
        self._all_there = not event.get("more_body", False)
        return event

    def _ours(self, task: asyncio.Task[Any] | None) -> bool:
        return self._expired and (task is None or task.uncancel() == 0)

    def _expire(self, task: asyncio.Task[Any] | None) -> None:
        self._expired = True
        if task is not None:
            task.cancel()


class PromptApp(falcon.asgi.App[Any, Any]):
    """Falcon's application, for which a body is late after a while, whoever waits for it."""

    def __init__(self, body_within_s: float, **options: Any) -> None:
        super().__init__(**options)
        self._body_within_s = body_within_s

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # type: ignore[override]
        if scope["type"] == "http" and scope["method"] not in _WITHOUT_BODY:
            receive = PromptBody(receive, self._body_within_s)
        await super().__call__(scope, receive, send)
