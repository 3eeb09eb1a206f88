"""JSON objects with duplicate keys. The decoder silently keeps the last one; the sender should be told.

Reading a body again with Python's own decoder costs two thirds of everything else that is done with an event, so it is
avoided wherever counting proves that there is no key too many: the decoded events need a certain number of keys, and
the text cannot hold more keys than it holds `":`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec.structs import astuple

from api.pipeline.events import Custom, Event, SearchFilter, VideoQualityChange
from api.pipeline.rejections import Reason, RejectionError

if TYPE_CHECKING:
    from collections.abc import Iterable


class _DuplicateKeyError(Exception):
    """An object has the same key twice."""


def has_duplicate(body: bytes, events: Iterable[Event], keys_around: int = 0) -> bool:
    """Whether an object in `body`, which was decoded into these events, has a duplicate key.

    `keys_around` is the least number of keys outside the events.
    """
    if _fewest_keys(events) + keys_around == body.count(b'":') and not _space_before_colon(body):
        return False
    try:
        json.loads(body, object_pairs_hook=_refuse_duplicates)
    except _DuplicateKeyError:
        return True
    except (ValueError, RecursionError):
        # The decoder judges that.
        return False
    return False


def refuse_duplicates(body: bytes, event: Event) -> None:
    """Raise a `RejectionError` when an object in `body`, which was decoded into this event, has a duplicate key."""
    if has_duplicate(body, (event,)):
        raise RejectionError(Reason.DUPLICATE_KEY, "$", "expected each key of an object once, got one twice")


def refuse_duplicates_around(body: bytes, documents: Iterable[bytes], keys_around: int) -> None:
    """Raise a `RejectionError` when the outermost object of a batch has a duplicate key; `documents` are its events."""
    inside = sum(document.count(b'":') for document in documents)
    if body.count(b'":') - inside == keys_around and not _space_before_colon(body):
        return
    outermost: list[tuple[str, Any]] = []

    def remember(pairs: list[tuple[str, Any]]) -> None:
        # The hook is called from the innermost object outwards.
        outermost[:] = pairs

    with suppress(ValueError, RecursionError):
        json.loads(body, object_pairs_hook=remember)
    if len(dict(outermost)) != len(outermost):
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
            return _count(event.properties)
        case Custom():
            return -1
    return 0


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count, value.values()))
    if isinstance(value, list):
        return sum(map(_count, value))
    return 0


def _space_before_colon(body: bytes) -> bool:
    """Whether there may be a key that the count misses."""
    if b" :" in body:
        return True
    return (b"\n" in body or b"\r" in body or b"\t" in body) and any(each in body for each in (b"\n:", b"\r:", b"\t:"))


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    """A hook for the decoder: it is called from the innermost object outwards, and its result is discarded."""
    if len(dict(pairs)) != len(pairs):
        raise _DuplicateKeyError
