"""What must be true of every body on its way from bytes to the wire. Whatever is not, is raised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from api.pipeline.client import Client
from api.pipeline.decoding import read_head
from api.pipeline.ingestion import Ingestion
from api.pipeline.limits import MAX_BODY_BYTES, MAX_MESSAGE_BYTES
from api.pipeline.rejections import RejectionError
from api.resources.batch import BatchAnswer
from api.resources.problems import FieldError, RejectedEvent
from api.server.decompression import DamagedBodyError, OversizedBodyError, decompress
from tests.fuzz.inputs import read_input
from tests.support.wire import once, read_message

if TYPE_CHECKING:
    from collections.abc import Callable

NOW: Final = 1_700_000_000_456
_MAX_DETAIL: Final = 1_000
"""Characters: what was sent is not sent back at length."""

CLIENT: Final = Client("203.0.113.0", "Mozilla/5.0")
_ingestion: Final = Ingestion(lambda _now: "018bcfe5-69c8-7000-8000-000000000001")
_encode: Final = msgspec.json.Encoder().encode


def check(data: bytes) -> None:
    """One input of the fuzzer: it is stored or refused, and the second time exactly as the first."""
    is_batch, encoding, packed = read_input(data)
    take = _batch if is_batch else _one
    assert _verdict(take, encoding, packed) == _verdict(take, encoding, packed)


def _verdict(take: Callable[[bytes], bytes], encoding: str | None, packed: bytes) -> bytes:
    try:
        body = packed if encoding is None else decompress(encoding, packed, MAX_BODY_BYTES)
    except (DamagedBodyError, OversizedBodyError) as error:
        return type(error).__name__.encode()
    assert len(body) <= MAX_BODY_BYTES
    return take(body)


def _one(body: bytes) -> bytes:
    try:
        accepted = _ingestion.one(body, CLIENT, NOW)
    except RejectionError as rejection:
        read_head(body)
        return _said(rejection)
    sent = _read(body)
    [event] = read_message(accepted.message)
    assert all(event[name] == sent[name] for name in ("user_id", "anonymous_id", "session_id") if sent.get(name))
    assert (event["event_id"], event["event_type"]) == (accepted.event_id, accepted.event_type)
    return accepted.message


def _batch(body: bytes) -> bytes:
    try:
        batch = _ingestion.batch(body, CLIENT, NOW)
    except RejectionError as rejection:
        return _said(rejection)
    if not batch.refused:
        assert len(_read(body)["events"]) == batch.accepted
    events = [event for message in batch.messages for event in read_message(message)]
    assert [event["event_type"] for event in events] == batch.event_types
    assert all(len(message) <= MAX_MESSAGE_BYTES for message in batch.messages)
    places = [each.place for each in batch.refused]
    assert places == sorted(set(places))
    assert 1 <= batch.accepted + len(places) <= 500
    rejected = [RejectedEvent(each.place, each.event_id, str(each.rejection)) for each in batch.refused]
    return b"".join([*batch.messages, _encode(BatchAnswer(batch.accepted, rejected))])


def _read(accepted: bytes) -> Any:
    """What was accepted, read by another decoder, which does not count keys to find one that comes twice."""
    return json.loads(accepted.decode(), object_pairs_hook=once)


def _said(rejection: RejectionError) -> bytes:
    assert rejection.path.startswith("$")
    assert len(rejection.detail) < _MAX_DETAIL
    return _encode(FieldError(rejection.path, rejection.detail))
