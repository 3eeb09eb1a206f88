"""From bytes to events. A valid body is decoded once, as a whole; only refused bodies are read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw
from msgspec.structs import astuple

from api.pipeline.duplicates import has_duplicate, refuse_duplicates, refuse_duplicates_around
from api.pipeline.events import EVENT_TYPES, AnyEvent, Batch, Timestamp
from api.pipeline.excerpts import UNREADABLE, as_text
from api.pipeline.explain import explain
from api.pipeline.hints import not_a_batch, not_one_event
from api.pipeline.limits import MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from api.pipeline.rejections import EventTooLargeError, Reason, RejectionError
from api.pipeline.repairs import Repairs, emptied, is_repairable, mend_surrogates, mend_values
from api.pipeline.turns import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_Decoded = TypeVar("_Decoded")


class _RawBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    events: Raw
    sent_at: Timestamp | None = None


class _HeadOnly(msgspec.Struct, frozen=True, gc=False):
    event_id: Raw = Raw()
    event_type: Raw = Raw()


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
    repairs: dict[int, Repairs]
    """Of the events that were repaired, by their positions; at `WHOLE` those of the request's text."""


_event: Final[msgspec.json.Decoder[AnyEvent]] = msgspec.json.Decoder(AnyEvent)
_batch: Final = msgspec.json.Decoder(Batch)
_raw_batch: Final = msgspec.json.Decoder(_RawBatch)
_head_only: Final = msgspec.json.Decoder(_HeadOnly)
# Half a million items fit into a body, and to list them costs more than the rest. Of this, the first that is too many
# is the last that is looked at.
_few_documents: Final = msgspec.json.Decoder(
    msgspec.defstruct(
        "FewDocuments",
        [(f"document_{place}", Raw, Raw()) for place in range(MAX_BATCH_EVENTS + 1)],
        array_like=True,
        gc=False,
    )
)
_all_documents: Final = msgspec.json.Decoder(list[Raw])
_MAX_COUNTED: Final = 256 * 1024
"""Bytes of a list of too many events in which they are counted."""

UNKNOWN_TYPE: Final = "unknown"
WHOLE: Final = -1
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TYPES: Final = frozenset(str(each.__struct_config__.tag) for each in EVENT_TYPES)


def decode_event(body: bytes, repairs: Repairs) -> AnyEvent:
    """One event that was sent alone; what had to be repaired is counted in `repairs`. Raises `RejectionError`."""
    return _decode_document(body.removeprefix(_BYTE_ORDER_MARK), repairs, _explain_alone)


def _explain_alone(error: Exception, body: bytes) -> RejectionError:
    return not_one_event(error, body) or explain(error, body)


def _decode_document(
    document: bytes, repairs: Repairs, explain: Callable[[Exception, bytes], RejectionError]
) -> AnyEvent:
    if len(document) > MAX_EVENT_BYTES:
        raise _too_large(len(document))
    try:
        event = _event.decode(document)
    except UNREADABLE as error:
        if isinstance(error, msgspec.ValidationError) and not is_repairable(error):
            raise explain(error, document) from error
        document, event = _decode_repaired(error, document, repairs)
    refuse_duplicates(document, event, emptied(repairs))
    return event


def _decode_repaired(error: Exception, document: bytes, repairs: Repairs) -> tuple[bytes, AnyEvent]:
    """An event that strict decoding refused with this error, and its text. Raises `RejectionError`."""
    mended = document
    try:
        text, mended = _without_halves(document, lambda text: mend_values(text, repairs), repairs)
        if mended is document:
            raise explain(error, document) from error
        event = _event.decode(mended)
    except msgspec.ValidationError as left:
        raise explain(left, mended) from left
    except UNREADABLE:
        raise explain(error, document) from error
    return text, event


def _without_halves(text: bytes, decode: Callable[[bytes], _Decoded], repairs: Repairs) -> tuple[bytes, _Decoded]:
    """The text, mended where it has halves of surrogate pairs, and what it decodes to."""
    try:
        return text, decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = mend_surrogates(text, repairs)
        if mended is text:
            raise
        return mended, decode(mended)


def decode_batch(body: bytes) -> DecodedBatch:
    """A batch, event by event only if it must be. Raises `RejectionError` when the batch as a whole cannot be read."""
    return at_once(decode_in_parts(body))


def decode_in_parts(body: bytes) -> Generator[None, None, DecodedBatch]:
    """Decode a batch with pauses, if it is a large one."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    # In a body this small no event can be over its own limit, so their sizes need not be known.
    if len(body) <= MAX_EVENT_BYTES:
        try:
            batch = _batch.decode(body)
        except UNREADABLE:
            return (yield from _decode_one_by_one(body))
        if has_duplicate(body, batch.events, _keys_around(batch.sent_at)):
            return (yield from _decode_one_by_one(body))
        return DecodedBatch(batch.sent_at, list(enumerate(batch.events)), [], {})
    return (yield from _decode_one_by_one(body))


def _decode_one_by_one(body: bytes) -> Generator[None, None, DecodedBatch]:
    whole: Repairs = {}
    try:
        body, batch = _without_halves(body, _raw_batch.decode, whole)
        yield
        documents = _documents(batch.events)
    except UNREADABLE as error:
        raise not_a_batch(error, body) or explain(error, body) from error
    events: list[tuple[int, AnyEvent]] = []
    refused: list[RefusedEvent] = []
    repairs = {WHOLE: whole}
    yield
    refuse_duplicates_around(body, batch.events, _keys_around(batch.sent_at))
    for index, document in enumerate(documents):
        yield
        found: Repairs = {}
        try:
            events.append((index, _decode_document(document, found, explain)))
            if found:
                repairs[index] = found
        except RejectionError as rejection:
            event_id, event_type = read_head(document)
            refused.append(RefusedEvent(index, event_id, event_type, rejection.below(f"$.events[{index}]")))
    return DecodedBatch(batch.sent_at, events, refused, repairs)


def _documents(events: Raw) -> list[bytes]:
    """Each event of a batch. Raises `RejectionError` when there are none or too many, or what a decoder raises."""
    try:
        places = astuple(_few_documents.decode(events))
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error} - at `$.events`") from error
    found = [document for document in map(bytes, places) if document]
    if not 1 <= len(found) <= MAX_BATCH_EVENTS:
        many = len(_all_documents.decode(events)) if len(bytes(events)) <= _MAX_COUNTED else "more"
        detail = f"expected 1 to {MAX_BATCH_EVENTS} events, got {many}"
        raise RejectionError(Reason.INVALID_VALUE, "$.events", detail)
    return found


def _keys_around(sent_at: Any) -> int:
    """The smallest number of keys that a batch can have besides those of its events."""
    return 1 if sent_at is None else 2


def read_head(document: bytes) -> tuple[str | None, str]:
    """Id and type of a refused event, as far as they can be read; a type that does not exist is `unknown`."""
    try:
        head = _head_only.decode(document)
    except UNREADABLE:
        return None, UNKNOWN_TYPE
    event_id, event_type = as_text(head.event_id), as_text(head.event_type)
    return (
        None if event_id is None else event_id[:36],
        event_type if event_type in _TYPES else UNKNOWN_TYPE,
    )


def _too_large(size: int) -> EventTooLargeError:
    return EventTooLargeError(Reason.EVENT_TOO_LARGE, "$", f"expected at most {MAX_EVENT_BYTES} bytes, got {size}")
