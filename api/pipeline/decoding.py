"""From bytes to events. A valid body is decoded once, as a whole; only refused bodies are read again."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from api.pipeline.duplicates import has_duplicate, refuse_duplicates, refuse_duplicates_around
from api.pipeline.events import EVENT_TYPES, AnyEvent, Batch, Timestamp
from api.pipeline.explain import explain
from api.pipeline.limits import MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from api.pipeline.rejections import EventTooLargeError, Reason, RejectionError
from api.pipeline.repairs import Repair, mend, mend_surrogates

# What a decoder can raise on hostile input.
_REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _RawBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    events: list[msgspec.Raw]
    sent_at: Timestamp | None = None


class _HeadOnly(msgspec.Struct, frozen=True, gc=False):
    event_id: Any = None
    event_type: Any = None


class RefusedEvent(NamedTuple):
    """One event of a batch that is refused. `event_id` is the sender's, where it could be read."""

    place: int
    event_id: str | None
    event_type: str
    rejection: RejectionError


class DecodedBatch(NamedTuple):
    """The events that could be read, in order and with their positions in the request, and those that could not."""

    sent_at: Any
    events: list[tuple[int, AnyEvent]]
    refused: list[RefusedEvent]
    repairs: list[Repair]


_event: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)
_batch: Final = msgspec.json.Decoder(Batch)
_raw_batch: Final = msgspec.json.Decoder(_RawBatch)
_head_only: Final = msgspec.json.Decoder(_HeadOnly)
UNKNOWN_TYPE: Final = "unknown"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TYPES: Final = frozenset(str(each.__struct_config__.tag) for each in EVENT_TYPES)


def decode_event(body: bytes, repairs: list[Repair]) -> AnyEvent:
    """One event; what had to be repaired is added to `repairs`. Raises `RejectionError`."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if len(body) > MAX_EVENT_BYTES:
        raise _too_large(len(body))
    try:
        event = _event.decode(body)
    except _REFUSALS as error:
        event = _decode_repaired(error, body, repairs)
    refuse_duplicates(body, event)
    return event


def _decode_repaired(error: Exception, body: bytes, repairs: list[Repair]) -> AnyEvent:
    """An event that strict decoding refused with this error. Raises `RejectionError`."""
    document, found = body, []
    # Each round repairs all that is of one kind, so there are few.
    while (mended := mend(document, error)) is not None:
        document = mended.document
        found += mended.repairs
        try:
            event = _event.decode(document)
        except _REFUSALS as left:
            error = left
        else:
            repairs += found
            return event
    raise explain(error, document) from error


def decode_batch(body: bytes) -> DecodedBatch:
    """A batch, event by event only if it must be. Raises `RejectionError` when the batch as a whole cannot be read."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    # In a body this small no event can be over its own limit, so their sizes need not be known.
    if len(body) <= MAX_EVENT_BYTES:
        try:
            batch = _batch.decode(body)
        except _REFUSALS:
            return _decode_one_by_one(body)
        if has_duplicate(body, batch.events, _keys_around(batch.sent_at)):
            return _decode_one_by_one(body)
        return DecodedBatch(batch.sent_at, list(enumerate(batch.events)), [], [])
    return _decode_one_by_one(body)


def _decode_mended(body: bytes) -> _RawBatch:
    try:
        return _raw_batch.decode(body)
    except _REFUSALS as error:
        raise explain(error, body) from error


def _decode_one_by_one(body: bytes) -> DecodedBatch:
    repairs: list[Repair] = []
    try:
        batch = _raw_batch.decode(body)
    except _REFUSALS as error:
        mended = mend_surrogates(body)
        if mended is None:
            raise explain(error, body) from error
        body, repairs = mended
        batch = _decode_mended(body)
    if not 1 <= len(batch.events) <= MAX_BATCH_EVENTS:
        detail = f"expected 1 to {MAX_BATCH_EVENTS} events, got {len(batch.events)}"
        raise RejectionError(Reason.INVALID_VALUE, "$.events", detail)
    events: list[tuple[int, AnyEvent]] = []
    refused: list[RefusedEvent] = []
    documents = [bytes(memoryview(raw)) for raw in batch.events]
    refuse_duplicates_around(body, documents, _keys_around(batch.sent_at))
    for index, document in enumerate(documents):
        try:
            events.append((index, decode_event(document, repairs)))
        except RejectionError as rejection:
            event_id, event_type = read_head(document)
            refused.append(RefusedEvent(index, event_id, event_type, rejection.below(f"$.events[{index}]")))
    return DecodedBatch(batch.sent_at, events, refused, repairs)


def _keys_around(sent_at: Any) -> int:
    """The smallest number of keys that a batch can have besides those of its events."""
    return 1 if sent_at is None else 2


def read_head(document: bytes) -> tuple[str | None, str]:
    """Id and type of a refused event, as far as they can be read; a type that does not exist is `unknown`."""
    try:
        head = _head_only.decode(document)
    except _REFUSALS:
        return None, UNKNOWN_TYPE
    event_id, event_type = head.event_id, head.event_type
    return (
        event_id[:36] if isinstance(event_id, str) else None,
        event_type if isinstance(event_type, str) and event_type in _TYPES else UNKNOWN_TYPE,
    )


def _too_large(size: int) -> EventTooLargeError:
    return EventTooLargeError(Reason.EVENT_TOO_LARGE, "$", f"expected at most {MAX_EVENT_BYTES} bytes, got {size}")
