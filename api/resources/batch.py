"""`POST /api/v1/events/batch`: up to 500 events, one verdict for each."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from api.resources.intake import DROPPED
from api.resources.problems import NothingAcceptedError, RejectedEvent
from api.server.bodies import read_body
from api.telemetry.observing import note_reasons

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

    from api.guards.rates import Limiter
    from api.resources.intake import Intake
    from api.sink.interface import Sink

_encode: Final = msgspec.json.Encoder().encode


class BatchAnswer(msgspec.Struct, frozen=True):
    """How many events were stored, and which were not, in the order of the request."""

    accepted: int
    rejected: list[RejectedEvent]


class BatchResource:
    """Answers 202, or 207 when only some events are valid, once the broker has those that are."""

    def __init__(self, intake: Intake, sink: Sink, limiter: Limiter | None) -> None:
        self._intake = intake
        self._sink = sink
        self._limiter = limiter

    async def on_post(self, request: Request, response: Response) -> None:
        body = await read_body(request)
        batch = self._intake.batch(request, body)
        if self._limiter is not None:
            await self._limiter.charge_events(request, response, batch.accepted + len(batch.refused))
        self._intake.count_batch(batch)
        rejected = [RejectedEvent(each.place, each.event_id, str(each.rejection)) for each in batch.refused]
        reasons = Counter(each.rejection.reason for each in batch.refused)
        if not batch.accepted:
            raise NothingAcceptedError(rejected, reasons)
        accepted = batch.accepted
        if self._intake.drops(request):
            response.set_header(*DROPPED)
            self._intake.count(batch.event_types, "dropped")
            accepted = 0
        else:
            await self._intake.deliver(self._send(batch.messages), request, batch.event_types)
        if rejected:
            note_reasons(request, reasons)
        response.status = 207 if rejected else 202
        response.data = _encode(BatchAnswer(accepted, rejected))

    async def _send(self, messages: list[bytes]) -> None:
        if len(messages) == 1:
            await self._sink.send(messages[0])
        else:
            await asyncio.gather(*map(self._sink.send, messages))
