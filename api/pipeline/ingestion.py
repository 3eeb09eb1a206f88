"""The way of an event from bytes to a Kafka message: decode, the steps, complete, encode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from api.pipeline import times, wire
from api.pipeline.decoding import RefusedEvent, decode_batch, decode_event
from api.pipeline.rejections import RejectionError
from api.pipeline.steps import STEPS, Draft
from api.pipeline.timing import Step, Timings

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from api.pipeline.client import Client
    from api.pipeline.decoding import DecodedBatch
    from api.pipeline.events import AnyEvent, Event


class Accepted(NamedTuple):
    """One event, ready to be sent."""

    event_id: str
    event_type: str
    message: bytes


class AcceptedBatch(NamedTuple):
    """A batch, ready to be sent: `messages` hold the `event_types` in order."""

    messages: list[bytes]
    event_types: list[str]
    repeated: list[str]
    """Types of the events that have the id of an earlier event of the batch, with which they are stored once."""
    refused: list[RefusedEvent]
    clock_skew_ms: int | None
    """How far the sender's clock is behind ours, transport time included; None where it is not known."""

    @property
    def accepted(self) -> int:
        """How many events are stored when the messages are; one that is repeated counts, too."""
        return len(self.event_types) + len(self.repeated)


class Ingestion:
    """Takes bodies and gives Kafka messages. Its only state is the id generator's."""

    def __init__(self, new_id: Callable[[int], str]) -> None:
        """`new_id` makes an event id from epoch milliseconds."""
        self._new_id = new_id

    def one(self, body: bytes, client: Client, received_at: int, timings: Timings | None = None) -> Accepted:
        """A single event. With `timings`, the time of each step is measured. Raises `RejectionError`."""
        way = _WAY if timings is None else _measured(timings)
        event = way.decode_event(body)
        ready = self._finish(way, event, None, client, received_at)
        return Accepted(str(ready.event_id), ready.event_type, way.encode(ready))

    def batch(self, body: bytes, client: Client, received_at: int, timings: Timings | None = None) -> AcceptedBatch:
        """A batch; `accepted` may be 0. Raises `RejectionError` when it cannot be read at all."""
        way = _WAY if timings is None else _measured(timings)
        sent, events, refused = way.decode_batch(body)
        sent_at = None if sent is None else times.epoch_ms(sent)
        ready: list[wire.WireEvent] = []
        ids: set[UUID] = set()
        repeated: list[str] = []
        for index, event in events:
            try:
                finished = self._finish(way, event, sent_at, client, received_at)
            except RejectionError as rejection:
                refused.append(_refused(index, event, rejection))
                continue
            if event.event_id is not None:
                if event.event_id in ids:
                    repeated.append(finished.event_type)
                    continue
                ids.add(event.event_id)
            ready.append(finished)
        refused.sort(key=lambda item: item.place)
        return AcceptedBatch(
            way.encode_messages(ready) if ready else [],
            [event.event_type for event in ready],
            repeated,
            refused,
            None if sent_at is None else received_at - sent_at,
        )

    def _finish(self, way: _Way, event: Event, sent_at: int | None, client: Client, received_at: int) -> wire.WireEvent:
        draft = Draft(event, sent_at, received_at, self._new_id)
        for step in way.steps:
            step(draft)
        return way.complete(draft, client)


class _Way(NamedTuple):
    """The functions that every event passes, in order: one decodes, one encodes, for a single event or for a batch."""

    decode_event: Callable[[bytes], AnyEvent]
    decode_batch: Callable[[bytes], DecodedBatch]
    steps: tuple[Callable[[Draft], None], ...]
    complete: Callable[[Draft, Client], wire.WireEvent]
    encode: Callable[[wire.WireEvent], bytes]
    encode_messages: Callable[[list[wire.WireEvent]], list[bytes]]


_WAY: Final = _Way(decode_event, decode_batch, tuple(STEPS.values()), wire.complete, wire.encode, wire.encode_messages)


def _measured(timings: Timings) -> _Way:
    """The same way, with a stopwatch at every step."""
    return _Way(
        timings.of(Step.DECODE, _WAY.decode_event),
        timings.of(Step.DECODE, _WAY.decode_batch),
        tuple(timings.of(name, step) for name, step in STEPS.items()),
        timings.of(Step.COMPLETE, _WAY.complete),
        timings.of(Step.ENCODE, _WAY.encode),
        timings.of(Step.ENCODE, _WAY.encode_messages),
    )


def _refused(index: int, event: Event, rejection: RejectionError) -> RefusedEvent:
    own_id = None if event.event_id is None else str(event.event_id)
    return RefusedEvent(index, own_id, wire.type_of(event), rejection.below(f"$.events[{index}]"))
