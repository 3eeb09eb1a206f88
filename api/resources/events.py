"""`POST /api/v1/events`: one event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.guards.privacy import DROPPED
from api.pipeline.decoding import read_head
from api.pipeline.rejections import RejectionError
from api.pipeline.timing import Step, timed
from api.resources.paying import read_paid_body
from api.sink.interface import SinkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon.asgi import Response

    from api.guards.rates import Limiter
    from api.pipeline.ingestion import Ingestion
    from api.server.request import ApiRequest
    from api.sink.joining import Joiner
    from api.telemetry.metrics import Metrics


class EventsResource:
    """Answers 202 with the event's id once the broker has it."""

    def __init__(
        self, ingestion: Ingestion, joiner: Joiner, limiter: Limiter | None, metrics: Metrics, clock: Callable[[], int]
    ) -> None:
        """`clock` gives epoch milliseconds."""
        self._ingestion = ingestion
        self._joiner = joiner
        self._limiter = limiter
        self._metrics = metrics
        self._clock = clock

    async def on_post(self, request: ApiRequest, response: Response) -> None:
        client, timings = request.context.client, request.context.timings
        body = await read_paid_body(request, response, self._limiter)
        try:
            event = self._ingestion.one(body, client, self._clock(), timings)
        except RejectionError:
            self._metrics.events(read_head(body)[1], "rejected").inc()
            raise
        if client.opted_out:
            self._metrics.events(event.event_type, "dropped").inc()
            response.set_header(*DROPPED)
        else:
            try:
                with timed(timings, Step.SEND):
                    await self._joiner.send(event.message)
            except SinkError:
                self._metrics.events(event.event_type, "failed").inc()
                raise
            self._metrics.stored([event.event_type], client)
            self._metrics.repaired(event.repairs)
        response.status = 202
        response.data = b'{"event_id":"%b"}' % event.event_id.encode()
