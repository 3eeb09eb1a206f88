"""What both resources that take events have in common: who sent them, when, whether they are stored, the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.guards.privacy import wishes_privacy
from api.pipeline.decoding import read_head
from api.sink.interface import SinkError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from falcon.asgi import Request

    from api.guards.clients import Client, Clients
    from api.pipeline.ingestion import Accepted, AcceptedBatch, Ingestion
    from api.telemetry.metrics import Metrics

DROPPED: Final = ("X-UGC-Dropped", "1")
"""The header of an answer to events that are not stored, because their sender wished so."""


class Intake:
    """Takes bodies in the name of their senders, and counts what becomes of their events."""

    def __init__(
        self, ingestion: Ingestion, clients: Clients, metrics: Metrics, clock: Callable[[], int], *, honour_wishes: bool
    ) -> None:
        """`clock` gives epoch milliseconds; `honour_wishes` drops the events of browsers that wish for privacy."""
        self._ingestion = ingestion
        self._clients = clients
        self._metrics = metrics
        self._clock = clock
        self._honour_wishes = honour_wishes

    def one(self, request: Request, body: bytes) -> Accepted:
        """A single event. Raises `RejectionError`."""
        client = self._clients.of(request)
        request.context.client = client
        return self._ingestion.one(body, client, self._clock())

    def batch(self, request: Request, body: bytes) -> AcceptedBatch:
        """A batch. Raises `RejectionError` when it cannot be read at all."""
        client = self._clients.of(request)
        request.context.client = client
        return self._ingestion.batch(body, client, self._clock())

    def count_batch(self, batch: AcceptedBatch) -> None:
        """Count what is known of a batch before it is sent."""
        if batch.clock_skew_ms is not None:
            self._metrics.clock_skew.observe(abs(batch.clock_skew_ms) / 1000)
        for refused in batch.refused:
            self._metrics.events(refused.event_type, "rejected").inc()
        if batch.repeated:
            self._metrics.accepted(batch.repeated, "repeated")

    def drops(self, request: Request) -> bool:
        """Whether this request's events are not stored, because their sender wished so."""
        return self._honour_wishes and wishes_privacy(request)

    async def deliver(self, sending: Awaitable[object], request: Request, event_types: list[str]) -> None:
        """Wait until the broker has the events, and count them as accepted or failed. Raises `SinkError`."""
        try:
            await sending
        except SinkError:
            self.count(event_types, "failed")
            raise
        self.count(event_types, "accepted")
        client: Client = request.context.client
        if client.is_bot:
            self._metrics.bot_events.inc(len(event_types))

    def count(self, event_types: list[str], outcome: str) -> None:
        self._metrics.accepted(event_types, outcome)

    def count_refused(self, body: bytes) -> None:
        """Count a single event that was refused."""
        self._metrics.events(read_head(body)[1], "rejected").inc()
