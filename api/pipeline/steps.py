"""The steps between decoding and encoding: small functions, one after the other, over one draft of an event."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from api.pipeline import times
from api.pipeline.characters import unseen
from api.pipeline.events import EVENT_TYPES, Custom, Event, SearchFilter
from api.pipeline.identities import is_junk
from api.pipeline.limits import MAX_PROPERTIES_BYTES, MAX_PROPERTIES_DEPTH
from api.pipeline.rejections import Reason, RejectionError
from api.pipeline.timing import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

_INT64_MIN: Final = -(2**63)
_UINT64_MAX: Final = 2**64 - 1
_MOST_VALUES: Final = MAX_PROPERTIES_BYTES // 2
"""Each value has at least one byte, and a comma or bracket."""
_CONTAINERS: Final = frozenset({dict, list})
_ID_FIELDS: Final = ("user_id", "anonymous_id", "session_id", "element_id", "page_id", "movie_id", "name", "actors")
_IDS: Final = {kind: tuple(n for n in _ID_FIELDS if n in kind.__struct_fields__) for kind in EVENT_TYPES}
_ID_VALUES: Final = {kind: attrgetter(*(n for n in names if n != "actors")) for kind, names in _IDS.items()}
_encode: Final = msgspec.json.Encoder().encode


class Draft:
    """One event on its way: what was sent, and what the steps have worked out so far."""

    __slots__ = ("event", "event_id", "key_time", "new_id", "occurred_at", "received_at", "sent_at")

    def __init__(self, event: Event, sent_at: int | None, received_at: int, new_id: Callable[[int], str]) -> None:
        self.event = event
        self.sent_at = sent_at
        self.received_at = received_at
        self.new_id = new_id
        self.event_id: UUID | str = ""
        self.occurred_at = received_at
        self.key_time = received_at


def require_identity(draft: Draft) -> None:
    """Refuse an event that names nobody."""
    if draft.event.user_id is None and draft.event.anonymous_id is None:
        detail = "expected at least one of user_id and anonymous_id, got neither"
        raise RejectionError(Reason.NO_IDENTITY, "$", detail)


def refuse_junk_identity(draft: Draft) -> None:
    """Refuse what programs write when they know no identity: it would turn thousands of people into one."""
    for name in ("user_id", "anonymous_id"):
        identity = getattr(draft.event, name)
        if identity is not None and is_junk(identity):
            detail = f"expected somebody's identity, got {json.dumps(identity)}, which names nobody"
            raise RejectionError(Reason.JUNK_IDENTITY, f"$.{name}", detail)


def refuse_unseen_characters(draft: Draft) -> None:
    """Refuse ids with characters that nobody sees: two that look the same would be two, and lines would break."""
    event = draft.event
    kind = type(event)
    # All at once: one look is enough for nearly every event.
    values = _ID_VALUES[kind](event)
    if isinstance(event, SearchFilter):
        values += event.actors
    if unseen("".join(filter(None, values))) is None:
        return
    for name in _IDS[kind]:
        value = getattr(event, name)
        if value is None:
            continue
        for text in value if isinstance(value, tuple) else (value,):
            found = unseen(text)
            if found is not None:
                detail = f"expected an id without characters that nobody sees, got U+{ord(found):04X}: leave it out"
                raise RejectionError(Reason.INVALID_VALUE, f"$.{name}", detail)


def check_contradictions(draft: Draft) -> None:
    """Refuse fields that are valid alone and contradict each other."""
    rejection = draft.event.contradiction()
    if rejection is not None:
        raise rejection


def check_properties(draft: Draft) -> None:
    """Bound the one field without a schema of its own in size, depth and the size of its integers."""
    event = draft.event
    if not isinstance(event, Custom) or not event.properties:
        return
    problem = _property_problem(event.properties)
    if problem is None:
        size = len(_encode(event.properties))
        if size > MAX_PROPERTIES_BYTES:
            problem = f"expected at most {MAX_PROPERTIES_BYTES} bytes as JSON, got {size}"
    if problem is not None:
        raise RejectionError(Reason.BAD_PROPERTIES, "$.properties", problem)


def identify(draft: Draft) -> None:
    """Keep the sender's own id, so that a repeated request makes no duplicate; without one, make one."""
    own_id = draft.event.event_id
    draft.event_id = draft.new_id(draft.received_at) if own_id is None else own_id


def place_in_time(draft: Draft) -> None:
    """Correct the sender's clock, refuse a time that is implausible even so, and find the time that a retry keeps."""
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


STEPS: Final[dict[Step, Callable[[Draft], None]]] = {
    Step.REQUIRE_IDENTITY: require_identity,
    Step.REFUSE_JUNK_IDENTITY: refuse_junk_identity,
    Step.REFUSE_UNSEEN_CHARACTERS: refuse_unseen_characters,
    Step.CHECK_CONTRADICTIONS: check_contradictions,
    Step.CHECK_PROPERTIES: check_properties,
    Step.IDENTIFY: identify,
    Step.PLACE_IN_TIME: place_in_time,
}
"""In this order; what a step does not accept, it refuses with a `RejectionError`."""


def _property_problem(properties: dict[str, Any]) -> str | None:
    """Look through them level by level, which costs less than value by value.

    What is too large for certain is left to the check of the size. That check alone would be dear: to write an integer
    of thousands of digits takes far longer than to read it.
    """
    containers: list[Any] = [properties]
    seen = 0
    for _ in range(MAX_PROPERTIES_DEPTH):
        values: list[Any] = []
        for each in containers:
            values += each.values() if type(each) is dict else each
        seen += len(values)
        if seen > _MOST_VALUES:
            return None
        integers = [each for each in values if type(each) is int]
        if integers and not (min(integers) >= _INT64_MIN and max(integers) <= _UINT64_MAX):
            return "expected integers of 64 bits, got a larger one"
        containers = [each for each in values if each and type(each) in _CONTAINERS]
        if not containers:
            return None
    return f"expected at most {MAX_PROPERTIES_DEPTH} levels of nesting"
