"""What happens to an event between its decoding and the wire: an ordered list of small steps over one draft."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from api.pipeline import decoding, times, wire
from api.pipeline.events import Custom, Event
from api.pipeline.identities import is_junk
from api.pipeline.limits import MAX_PROPERTIES_BYTES, MAX_PROPERTIES_DEPTH
from api.pipeline.rejections import Reason, RejectionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from api.guards.clients import Client
    from api.pipeline.decoding import RefusedEvent

_INT64_MIN: Final = -(2**63)
_UINT64_MAX: Final = 2**64 - 1
_encode: Final = msgspec.json.Encoder().encode


class Draft:
    """One event on its way: what came in, and what the steps have found out so far."""

    __slots__ = ("event", "event_id", "key_time", "occurred_at", "received_at", "sent_at", "server_id")

    def __init__(self, event: Event, sent_at: int | None, received_at: int, server_id: str | None) -> None:
        self.event = event
        self.sent_at = sent_at
        self.received_at = received_at
        self.server_id = server_id
        self.event_id: UUID | str = ""
        self.occurred_at = received_at
        self.key_time = received_at


def require_identity(draft: Draft) -> None:
    """Somebody must have done it."""
    if draft.event.user_id is None and draft.event.anonymous_id is None:
        detail = "expected at least one of user_id and anonymous_id, got neither"
        raise RejectionError(Reason.NO_IDENTITY, "$", detail)


def refuse_junk_identity(draft: Draft) -> None:
    """What a program writes for nobody would make thousands of people one."""
    for name in ("user_id", "anonymous_id"):
        identity = getattr(draft.event, name)
        if identity is not None and is_junk(identity):
            detail = f"expected somebody's identity, got {json.dumps(identity)}, which names nobody"
            raise RejectionError(Reason.JUNK_IDENTITY, f"$.{name}", detail)


def check_contradictions(draft: Draft) -> None:
    """Fields that are right alone can be wrong together."""
    rejection = draft.event.contradiction()
    if rejection is not None:
        raise rejection


def check_properties(draft: Draft) -> None:
    """The one field without a type of its own: bounded in size and depth, and every reader can hold its numbers."""
    event = draft.event
    if not isinstance(event, Custom) or not event.properties:
        return
    problem = _property_problem(event.properties, 1)
    if problem is None:
        size = len(_encode(event.properties))
        if size > MAX_PROPERTIES_BYTES:
            problem = f"expected at most {MAX_PROPERTIES_BYTES} bytes as JSON, got {size}"
    if problem is not None:
        raise RejectionError(Reason.BAD_PROPERTIES, "$.properties", problem)


def identify(draft: Draft) -> None:
    """The sender's own id, so that a repeated request makes no duplicate; else the one made here."""
    own_id = draft.event.event_id
    draft.event_id = own_id if own_id is not None else draft.server_id or ""


def place_in_time(draft: Draft) -> None:
    """Correct the sender's clock, refuse what is implausible after that, and find the time that a retry keeps."""
    sent = draft.event.occurred_at
    occurred_at = None if sent is None else times.epoch_ms(sent)
    if occurred_at is not None:
        draft.occurred_at = times.corrected(occurred_at, draft.sent_at, draft.received_at)
        times.check_plausible(draft.occurred_at, draft.received_at)
    own_id = draft.event.event_id
    draft.key_time = times.key_time(
        sent_occurred_at=occurred_at,
        event_id=None if own_id is None else own_id.int,
        received_at=draft.received_at,
    )


STEPS: Final[tuple[Callable[[Draft], None], ...]] = (
    require_identity,
    refuse_junk_identity,
    check_contradictions,
    check_properties,
    identify,
    place_in_time,
)


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
    """Types of the events whose id another event of the batch had before them: they are stored with it, once."""
    refused: list[RefusedEvent]
    clock_skew_ms: int | None
    """How far the sender's clock is behind ours, with the way of the request in it; None where it is not known."""

    @property
    def accepted(self) -> int:
        """How many events are stored when the messages are: an event that came twice is stored, too."""
        return len(self.event_types) + len(self.repeated)


class Ingestion:
    """Takes bodies and gives Kafka messages. Holds no state but the id generator's."""

    def __init__(self, new_id: Callable[[int], str]) -> None:
        """`new_id` makes an event id from epoch milliseconds."""
        self._new_id = new_id

    def one(self, body: bytes, client: Client, received_at: int) -> Accepted:
        """A single event. Raises `RejectionError`."""
        event = decoding.decode_event(body)
        ready = self._finish(event, None, client, received_at)
        return Accepted(str(ready.event_id), ready.event_type, wire.encode(ready))

    def batch(self, body: bytes, client: Client, received_at: int) -> AcceptedBatch:
        """A batch; `accepted` may be 0. Raises `RejectionError` when it cannot be read at all."""
        sent, events, refused = decoding.decode_batch(body)
        sent_at = None if sent is None else times.epoch_ms(sent)
        ready: list[wire.WireEvent] = []
        ids: set[UUID] = set()
        repeated: list[str] = []
        for index, event in events:
            try:
                finished = self._finish(event, sent_at, client, received_at)
            except RejectionError as rejection:
                own_id = None if event.event_id is None else str(event.event_id)
                where = f"$.events[{index}]"
                refused.append(decoding.RefusedEvent(index, own_id, wire.type_of(event), rejection.below(where)))
                continue
            if event.event_id is not None:
                if event.event_id in ids:
                    repeated.append(finished.event_type)
                    continue
                ids.add(event.event_id)
            ready.append(finished)
        refused.sort(key=lambda item: item.place)
        return AcceptedBatch(
            wire.encode_messages(ready) if ready else [],
            [event.event_type for event in ready],
            repeated,
            refused,
            None if sent_at is None else received_at - sent_at,
        )

    def _finish(self, event: Event, sent_at: int | None, client: Client, received_at: int) -> wire.WireEvent:
        server_id = self._new_id(received_at) if event.event_id is None else None
        draft = Draft(event, sent_at, received_at, server_id)
        for step in STEPS:
            step(draft)
        return wire.wire_event(
            event,
            event_id=draft.event_id,
            occurred_at=draft.occurred_at,
            received_at=received_at,
            key_time=draft.key_time,
            client=client,
        )


def _property_problem(value: Any, depth: int) -> str | None:
    if depth > MAX_PROPERTIES_DEPTH:
        return f"expected at most {MAX_PROPERTIES_DEPTH} levels of nesting"
    if isinstance(value, int):
        if not _INT64_MIN <= value <= _UINT64_MAX:
            return "expected integers of 64 bits, got a larger one"
        return None
    if isinstance(value, dict):
        children = list(value.values())
    elif isinstance(value, list):
        children = value
    else:
        return None
    for child in children:
        problem = _property_problem(child, depth + 1)
        if problem is not None:
            return problem
    return None
