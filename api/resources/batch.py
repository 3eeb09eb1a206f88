"""`POST /api/v1/events/batch`: up to 500 events, each accepted or refused on its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from api.guards.privacy import DROPPED
from api.pipeline.timing import Step, timed
from api.pipeline.turns import in_turns
from api.resources.paying import read_paid_body
from api.resources.problems import NothingAcceptedError, RejectedEvent
from api.sink.interface import SinkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon.asgi import Response

    from api.guards.rates import Limiter
    from api.pipeline.ingestion import AcceptedBatch, Ingestion
    from api.server.request import ApiRequest
    from api.sink.interface import Sink
    from api.telemetry.metrics import Metrics

_encode: Final = msgspec.json.Encoder().encode


class BatchAnswer(msgspec.Struct, frozen=True):
    """How many events were stored, and which were not, in the order of the request."""

    accepted: int
    rejected: list[RejectedEvent]


class BatchResource:
    """Answers 202, or 207 when only some events are valid, once the broker has those that are."""

    def __init__(
        self, ingestion: Ingestion, sink: Sink, limiter: Limiter | None, metrics: Metrics, clock: Callable[[], int]
    ) -> None:
        """`clock` gives epoch milliseconds."""
        self._ingestion = ingestion
        self._sink = sink
        self._limiter = limiter
        self._metrics = metrics
        self._clock = clock

    async def on_post(self, request: ApiRequest, response: Response) -> None:
        client, timings = request.context.client, request.context.timings
        body = await read_paid_body(request, response, self._limiter)
        batch = await in_turns(self._ingestion.batch_in_parts(body, client, self._clock(), timings))
        if self._limiter is not None:
            await self._limiter.charge_events(request, response, batch.accepted + len(batch.refused), len(body))
        self._count(batch)
        rejected = [RejectedEvent(each.place, each.event_id, str(each.rejection)) for each in batch.refused]
        reasons = Counter(each.rejection.reason for each in batch.refused)
        if not batch.accepted:
            raise NothingAcceptedError(rejected, reasons)
        accepted = batch.accepted
        if client.opted_out:
            accepted = 0
            self._metrics.count_events(batch.event_types, "dropped")
            response.set_header(*DROPPED)
        else:
            try:
                with timed(timings, Step.SEND):
                    await self._send(batch.messages)
            except SinkError:
                self._metrics.count_events(batch.event_types, "failed")
                raise
            self._metrics.stored(batch.event_types, client)
            self._metrics.repaired(batch.repairs)
        request.context.reasons = reasons
        response.status = 207 if rejected else 202
        response.data = _encode(BatchAnswer(accepted, rejected))

    async def _send(self, messages: list[bytes]) -> None:
        if len(messages) == 1:
            await self._sink.send(messages[0])
        else:
            await asyncio.gather(*map(self._sink.send, messages))

    def _count(self, batch: AcceptedBatch) -> None:
        """Count what is known of a batch before it is sent."""
        if batch.clock_skew_ms is not None:
            self._metrics.clock_skew.observe(abs(batch.clock_skew_ms) / 1000)
        for refused in batch.refused:
            self._metrics.events(refused.event_type, "rejected").inc()
        if batch.repeated:
            self._metrics.count_events(batch.repeated, "repeated")
