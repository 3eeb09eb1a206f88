"""`POST /api/v1/events`: one event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.bodies import read_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon.asgi import Request, Response

    from api.clients import Clients
    from api.ingestion import Ingestion
    from api.joining import Joiner


class EventsResource:
    """Answers 202 with the event's id once the broker has it."""

    def __init__(self, ingestion: Ingestion, clients: Clients, joiner: Joiner, clock: Callable[[], int]) -> None:
        self._ingestion = ingestion
        self._clients = clients
        self._joiner = joiner
        self._clock = clock

    async def on_post(self, request: Request, response: Response) -> None:
        body = await read_body(request)
        accepted = self._ingestion.one(body, self._clients.of(request), self._clock())
        await self._joiner.send(accepted.message)
        response.status = 202
        response.data = b'{"event_id":"%b"}' % accepted.event_id.encode()
