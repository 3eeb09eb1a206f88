"""The way of an event from bytes to a Kafka message: decode, the steps, complete, encode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from api.pipeline import times, wire
from api.pipeline.characters import is_plain
from api.pipeline.decoding import RefusedEvent, decode_event, decode_in_parts
from api.pipeline.limits import MAX_EVENT_BYTES
from api.pipeline.rejections import RejectionError
from api.pipeline.repairs import summed
from api.pipeline.steps import STEPS, Draft
from api.pipeline.timing import Step, Timings
from api.pipeline.turns import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from uuid import UUID

    from api.pipeline.client import Client
    from api.pipeline.decoding import DecodedBatch
    from api.pipeline.events import AnyEvent, Event
    from api.pipeline.repairs import Repairs


class Accepted(NamedTuple):
    """One event, ready to be sent."""

    event_id: str
    event_type: str
    message: bytes
    repairs: Repairs


class AcceptedBatch(NamedTuple):
    """A batch, ready to be sent: `messages` hold the `event_types` in order."""

    messages: list[bytes]
    event_types: list[str]
    repeated: list[str]
    """Types of the events that have the id of an earlier event of the batch, with which they are stored once."""
    refused: list[RefusedEvent]
    repairs: Repairs
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
        way = _WAY if timings is None else _MeasuredWay(timings)
        repairs: Repairs = {}
        event = way.decode_event(body, repairs)
        ready = way.finish(Draft(event, None, received_at, self._new_id), client, plain=is_plain(body))
        return Accepted(str(ready.event_id), ready.event_type, way.encode(ready), repairs)

    def batch(self, body: bytes, client: Client, received_at: int, timings: Timings | None = None) -> AcceptedBatch:
        """A batch; `accepted` may be 0. Raises `RejectionError` when it cannot be read at all."""
        return at_once(self.batch_in_parts(body, client, received_at, timings))

    def batch_in_parts(
        self, body: bytes, client: Client, received_at: int, timings: Timings | None = None
    ) -> Generator[None, None, AcceptedBatch]:
        """Take a batch like `batch`, with pauses between the events of a large one."""
        way = _WAY if timings is None else _MeasuredWay(timings)
        sent, events, refused, repairs = yield from way.decode_batch(body)
        large = len(body) > MAX_EVENT_BYTES
        plain = is_plain(body)
        sent_at = None if sent is None else times.epoch_ms(sent)
        ready: list[wire.WireEvent] = []
        ids: set[UUID] = set()
        repeated: list[str] = []
        for index, event in events:
            if large:
                yield
            try:
                finished = way.finish(Draft(event, sent_at, received_at, self._new_id), client, plain=plain)
            except RejectionError as rejection:
                refused.append(_refused(index, event, rejection))
                continue
            if event.event_id is not None:
                if event.event_id in ids:
                    repeated.append(finished.event_type)
                    continue
                ids.add(event.event_id)
            ready.append(finished)
        if repairs:
            for each in refused:
                repairs.pop(each.place, None)
        refused.sort(key=lambda item: item.place)
        return AcceptedBatch(
            way.encode_messages(ready) if ready else [],
            [event.event_type for event in ready],
            repeated,
            refused,
            summed(repairs.values()),
            None if sent_at is None else received_at - sent_at,
        )


class _Way:
    """The functions that every event passes."""

    def decode_event(self, body: bytes, repairs: Repairs) -> AnyEvent:
        return decode_event(body, repairs)

    def decode_batch(self, body: bytes) -> Generator[None, None, DecodedBatch]:
        return decode_in_parts(body)

    def finish(self, draft: Draft, client: Client, *, plain: bool) -> wire.WireEvent:
        """`plain`: the text that the event was decoded from has no character that nobody sees."""
        for step in _STEPS_OF_PLAIN if plain else _STEPS:
            step(draft)
        return wire.complete(draft, client)

    def encode(self, event: wire.WireEvent) -> bytes:
        return wire.encode(event)

    def encode_messages(self, events: list[wire.WireEvent]) -> list[bytes]:
        return wire.encode_messages(events)


class _MeasuredWay(_Way):
    """The same functions, each with a stopwatch."""

    def __init__(self, timings: Timings) -> None:
        self._run = timings.run

    def decode_event(self, body: bytes, repairs: Repairs) -> AnyEvent:
        return self._run(Step.DECODE, decode_event, body, repairs)

    def decode_batch(self, body: bytes) -> Generator[None, None, DecodedBatch]:
        parts = decode_in_parts(body)
        while True:
            try:
                self._run(Step.DECODE, next, parts)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            yield

    def finish(self, draft: Draft, client: Client, *, plain: bool) -> wire.WireEvent:  # noqa: ARG002
        # All of them, so that each has a figure.
        for name, step in STEPS.items():
            self._run(name, step, draft)
        return self._run(Step.COMPLETE, wire.complete, draft, client)

    def encode(self, event: wire.WireEvent) -> bytes:
        return self._run(Step.ENCODE, wire.encode, event)

    def encode_messages(self, events: list[wire.WireEvent]) -> list[bytes]:
        return self._run(Step.ENCODE, wire.encode_messages, events)


_WAY: Final = _Way()
_STEPS: Final = tuple(STEPS.values())
_STEPS_OF_PLAIN: Final = tuple(step for name, step in STEPS.items() if name is not Step.REFUSE_UNSEEN_CHARACTERS)


def _refused(index: int, event: Event, rejection: RejectionError) -> RefusedEvent:
    own_id = None if event.event_id is None else str(event.event_id)
    return RefusedEvent(index, own_id, wire.type_of(event), rejection.below(f"$.events[{index}]"))
