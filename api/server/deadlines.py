"""Falcon's application with what it needs towards a server: a deadline for bodies, HEAD, no WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import falcon.asgi

from api.server.bodies import ClientGoneError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Receive = Callable[[], Awaitable[dict[str, Any]]]

WHOLE_BODY: Final = "ugc.whole_body"
"""Extension of the scope: the server already has the whole body, so it needs no deadline."""

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE", "TRACE"})
_ASCII: Final = bytes(range(128)).decode()
_NOTHING_YET: dict[str, Any] = {"type": "http.request", "body": b"", "more_body": True}


class SlowBodyError(Exception):
    """The body did not arrive in time."""


class PromptBody:
    """An ASGI `receive` that gives a whole body, until `within_s` seconds are over."""

    def __init__(self, receive: Receive, within_s: float) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + within_s
        self._expired = False
        self._asked_before = False
        self._all_there = False

    async def __call__(self) -> dict[str, Any]:
        """Raises `SlowBodyError` or `ClientGoneError`, but not at the first call, where Falcon handles no error."""
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
        if event["type"] == "http.disconnect":
            # Falcon would take what has come so far for the whole body.
            if first:
                return _NOTHING_YET
            raise ClientGoneError
        self._all_there = not event.get("more_body", False)
        return event

    def _ours(self, task: asyncio.Task[Any] | None) -> bool:
        return self._expired and (task is None or task.uncancel() == 0)

    def _expire(self, task: asyncio.Task[Any] | None) -> None:
        self._expired = True
        if task is not None:
            task.cancel()


class PromptApp(falcon.asgi.App[Any, Any]):
    """Falcon's application with a deadline for bodies."""

    def __init__(self, body_within_s: float, **options: Any) -> None:
        super().__init__(**options)
        self._body_within_s = body_within_s

    def add_route(self, uri_template: str, resource: Any, **options: Any) -> None:
        """HEAD is answered like GET, without the body."""
        if hasattr(resource, "on_get") and not hasattr(resource, "on_head"):
            resource.on_head = resource.on_get
        super().add_route(uri_template, resource, **options)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # type: ignore[override]
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
            return
        if scope["type"] == "http":
            if scope["method"] not in _WITHOUT_BODY and WHOLE_BODY not in scope.get("extensions", ()):
                receive = PromptBody(receive, self._body_within_s)
            if not scope["query_string"].isascii():
                # Falcon decodes it where it handles no error.
                scope = {**scope, "query_string": quote(scope["query_string"], safe=_ASCII).encode()}
        await super().__call__(scope, receive, send)
