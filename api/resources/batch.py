"""`POST /api/v1/events/batch`: up to 500 events, one verdict for each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from api.bodies import read_body
from api.problems import NothingAccepted, RejectedEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon.asgi import Request, Response

    from api.clients import Clients
    from api.ingestion import Ingestion
    from api.sink import Sink

_encode: Final = msgspec.json.Encoder().encode


class BatchAnswer(msgspec.Struct, frozen=True):
    """How many events were stored, and which were not, in the order of the request."""

    accepted: int
    rejected: list[RejectedEvent]


class BatchResource:
    """Answers 202, or 207 when only some events are valid, once the broker has those that are."""

    def __init__(self, ingestion: Ingestion, clients: Clients, sink: Sink, clock: Callable[[], int]) -> None:
        self._ingestion = ingestion
        self._clients = clients
        self._sink = sink
        self._clock = clock

    async def on_post(self, request: Request, response: Response) -> None:
        body = await read_body(request)
        batch = self._ingestion.batch(body, self._clients.of(request), self._clock())
        rejected = [RejectedEvent(each.place, each.event_id, str(each.rejection)) for each in batch.refused]
        if not batch.accepted:
            raise NothingAccepted(rejected)
        if len(batch.messages) == 1:
            await self._sink.send(batch.messages[0])
        else:
            await asyncio.gather(*map(self._sink.send, batch.messages))
        response.status = 207 if rejected else 202
        response.data = _encode(BatchAnswer(batch.accepted, rejected))
