"""JSON objects with duplicate keys. The decoder silently keeps the last one; the sender should be told.

What was decoded has each key once, so a text with more keys than what it decodes to has one of them twice. Mostly the
events tell how many they need; else the text is decoded again, without types. Nothing here runs once for each value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import astuple

from api.pipeline.events import Custom, Event, SearchFilter, VideoQualityChange
from api.pipeline.excerpts import UNREADABLE
from api.pipeline.rejections import Reason, RejectionError

if TYPE_CHECKING:
    from collections.abc import Iterable


_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_outermost: Final[msgspec.json.Decoder[dict[str, msgspec.Raw]]] = msgspec.json.Decoder(dict[str, msgspec.Raw])


def has_duplicate(body: bytes, events: Iterable[Event], keys_around: int = 0) -> bool:
    """Whether an object in `body`, which was decoded into these events, has a duplicate key.

    `keys_around` is the least number of keys outside the events.
    """
    if _fewest_keys(events) + keys_around == body.count(b'":') and not _space_before_colon(body):
        return False
    try:
        return _keys_in(body) > _keys_in(_encode(_decode(body)))
    except UNREADABLE:
        # The decoder judges that.
        return False


def refuse_duplicates(body: bytes, event: Event, keys_besides: int = 0) -> None:
    """Raise a `RejectionError` when an object in `body`, which was decoded into this event, has a duplicate key.

    `keys_besides` is the number of its keys whose values the event does not have, because they were repaired.
    """
    if has_duplicate(body, (event,), keys_besides):
        raise RejectionError(Reason.DUPLICATE_KEY, "$", "expected each key of an object once, got one twice")


def refuse_duplicates_around(body: bytes, events: msgspec.Raw, keys_around: int) -> None:
    """Raise a `RejectionError` when the outermost object of a batch has a duplicate key; `events` is its list."""
    outermost = _keys_in(body) - _keys_in(bytes(events))
    if outermost > keys_around and outermost > len(_outermost.decode(body)):
        raise RejectionError(Reason.DUPLICATE_KEY, "$", "expected each key of an object once, got one twice")


def _fewest_keys(events: Iterable[Event]) -> int:
    """The smallest number of keys that a text decoded into these events can have."""
    keys = 0
    for event in events:
        values = astuple(event)
        keys += 1 + len(values) - values.count(None)
        if event.context is not None:
            values = astuple(event.context)
            keys += len(values) - values.count(None)
        kind = type(event)
        if kind is SearchFilter or kind is VideoQualityChange or kind is Custom:
            keys += _own_keys(event)
    return keys


def _own_keys(event: Event) -> int:
    """What the count above misses: defaults other than None need no key, and properties have keys of their own."""
    match event:
        case SearchFilter():
            return -(not event.genres) - (not event.actors)
        case VideoQualityChange():
            return -(not event.automatic)
        case Custom() if event.properties:
            return _keys_in(_encode(event.properties))
        case Custom():
            return -1
    return 0


def _keys_in(text: bytes) -> int:
    """How many keys the objects of a JSON text have, each as often as it is there."""
    if _space_before_colon(text):
        text = msgspec.json.format(text, indent=-1)
    if b"\\" not in text:
        return text.count(b'":')
    # Behind a backslash that is not itself escaped, a quotation mark is part of a string.
    text = text.replace(rb"\\", b"")
    return text.count(b'":') - text.count(rb"\":")


def _space_before_colon(body: bytes) -> bool:
    """Whether there may be a key that the count misses."""
    if b" :" in body:
        return True
    return (b"\n" in body or b"\r" in body or b"\t" in body) and any(each in body for each in (b"\n:", b"\r:", b"\t:"))
