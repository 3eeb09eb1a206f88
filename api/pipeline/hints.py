"""What a sender may have meant who posts to the wrong route, or writes a field in another way."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Raw
from msgspec.structs import astuple

from api.pipeline.events import EVENT_TYPES, Batch, Context
from api.pipeline.excerpts import UNREADABLE
from api.pipeline.limits import MAX_EVENT_BYTES
from api.pipeline.rejections import Reason, RejectionError

_STRUCTS: Final[tuple[type[msgspec.Struct], ...]] = (*EVENT_TYPES, Context, Batch)
_FIELDS: Final = {name for kind in _STRUCTS for name in kind.__struct_fields__} | {"event_type"}
_LONGEST: Final = 2 * max(map(len, _FIELDS))
_NEXT_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")

_AN_ARRAY: Final = "Expected `object`, got `array`"
_NO_TYPE: Final = "Object missing required field `event_type`"
_NOT_A_BATCH: Final = ("Object contains unknown field", "Object missing required field `events`")


class _Kind(msgspec.Struct, frozen=True, gc=False):
    """Whether it is an event or a batch."""

    event_type: Raw = Raw()
    events: Raw = Raw()


_kind: Final = msgspec.json.Decoder(_Kind)


def not_one_event(error: Exception, body: bytes) -> RejectionError | None:
    """What to do with a body that was refused as one event, and is something else."""
    message = str(error)
    if message == _AN_ARRAY:
        return _array()
    if message == _NO_TYPE and bytes(_kind_of(body).events):
        detail = "expected one event, got a batch: post it to /api/v1/events/batch"
        return RejectionError(Reason.INVALID_VALUE, "$", detail)
    return None


def not_a_batch(error: Exception, body: bytes) -> RejectionError | None:
    """What to do with a body that was refused as a batch, and is something else."""
    message = str(error)
    if message == _AN_ARRAY:
        return _array()
    if message.startswith(_NOT_A_BATCH) and " - at `" not in message and len(body) <= MAX_EVENT_BYTES:
        kind = _kind_of(body)
        if bytes(kind.event_type) and not bytes(kind.events):
            detail = 'expected a batch, got one event: post it to /api/v1/events, or wrap it as {"events": […]}'
            return RejectionError(Reason.INVALID_VALUE, "$", detail)
    return None


def meant(name: str) -> str:
    """`: did you mean …?` for a field that is written in another way than ours, such as `eventType`."""
    if len(name) > _LONGEST:
        return ""
    ours = _NEXT_WORD.sub("_", name).lower()
    return f": did you mean {ours}?" if ours != name and ours in _FIELDS else ""


def written_as(document: bytes | memoryview, name: str) -> str:
    """`, got …` where a field of ours is missing, and is there in another way of writing."""
    try:
        found = astuple(_other_ways(name).decode(document))
    except UNREADABLE:
        return ""
    return next((f", got {way}" for way, value in zip(_ways(name), found, strict=True) if bytes(value)), "")


def _array() -> RejectionError:
    detail = 'expected an object, got an array: wrap it as {"events": […]} and post it to /api/v1/events/batch'
    return RejectionError(Reason.INVALID_VALUE, "$", detail)


def _kind_of(body: bytes) -> _Kind:
    try:
        return _kind.decode(body)
    except UNREADABLE:
        return _Kind()


def _ways(name: str) -> list[str]:
    """How else a name may be written: as `eventType`, `EventType` or `event-type`."""
    pascal = name.title().replace("_", "")
    return [way for way in (name[0] + pascal[1:], pascal, name.replace("_", "-")) if way != name]


# The names are those of required fields, so there are only so many.
@cache
def _other_ways(name: str) -> msgspec.json.Decoder[Any]:
    ways = {f"way_{place}": way for place, way in enumerate(_ways(name))}
    return msgspec.json.Decoder(msgspec.defstruct("OtherWays", [(way, Raw, Raw()) for way in ways], rename=ways))
