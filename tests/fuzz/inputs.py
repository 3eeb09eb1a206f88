"""The fuzzer's inputs: a byte that says how a body comes, then the body; and the inputs to begin with."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, Final

from api.documentation.examples import EXAMPLES
from api.pipeline.limits import MAX_EVENT_BYTES
from tests.support.event_cases import event_cases
from tests.support.packing import PACKERS, bomb

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENCODINGS: Final = (None, "gzip", "deflate", "br", "zstd")
_BOMB_MIB: Final = 512
"""More than the memory that the fuzzer is given."""


def read_input(data: bytes) -> tuple[bool, str | None, bytes]:
    """Whether a batch, in which encoding, and the body as it was sent."""
    how = data[0] if data else 0
    return bool(how & 8), _ENCODINGS[(how & 7) % len(_ENCODINGS)], data[1:]


def _input(body: bytes, *, is_batch: bool = False, encoding: str | None = None) -> bytes:
    packed = body if encoding is None else PACKERS[encoding](body)
    return bytes([_ENCODINGS.index(encoding) + 8 * is_batch]) + packed


def _events() -> list[Any]:
    cases = [*event_cases("accepted"), *event_cases("refused")]
    return [*EXAMPLES.values(), *(case.event for case in cases)]


def _others() -> Iterator[bytes]:
    """What no case of a single event shows: times as text, whole batches, sizes, texts that are no JSON."""
    click = {**EXAMPLES["click"], "event_id": "0190a6a0-5c52-7000-8000-000000000001"}
    for moment in ("2023-11-14T22:13:20.123456+05:30", "2023-11-13t00:00:00z", "2023-09-01T00:00:00Z", "2024-01-01"):
        yield _input(json.dumps({**click, "occurred_at": moment}).encode())
        batch = {"sent_at": "2023-11-14T22:13:20Z", "events": [click, click, {**click, "occurred_at": moment}, 1]}
        yield _input(json.dumps(batch, indent=1).encode(), is_batch=True)
    large = {**EXAMPLES["custom"], "properties": {"a": MAX_EVENT_BYTES * "a"}}
    yield _input(json.dumps(large).encode())
    yield _input(json.dumps({"events": [large, click]}).encode(), is_batch=True)
    deep = json.dumps(EXAMPLES["custom"]).encode().replace(b'"SPRING"', b"[" * 3_000)
    twice = b'{"sent_at": 1, "sent_at": 2, "events": [%b]}' % json.dumps(click).encode()
    for text in (b"", b'{"events": []}', b'{"user_id": "\\ud800"}', b'{"user_id": NaN}', b'{"\xff": 1}', deep, twice):
        yield _input(text)
        yield _input(text, is_batch=True)
    yield bytes([_ENCODINGS.index("deflate")]) + zlib.compress(json.dumps(click).encode())[2:-4]


def seeds() -> Iterator[bytes]:
    """The examples of the document and all cases of the unit tests, alone and in batches, and bombs."""
    events = _events()
    for event in events:
        yield _input(json.dumps(event).encode())
        yield _input(json.dumps({"events": [event, EXAMPLES["click"]]}).encode(), is_batch=True)
    yield from _others()
    for encoding in PACKERS:
        for event in EXAMPLES.values():
            yield _input(json.dumps(event).encode(), encoding=encoding)
        whole = json.dumps({"sent_at": 1_700_000_000_000, "events": list(EXAMPLES.values())}).encode()
        yield _input(whole, is_batch=True, encoding=encoding)
    for encoding in ("br", "zstd"):
        yield bytes([_ENCODINGS.index(encoding)]) + bomb(encoding, _BOMB_MIB)


def words() -> set[str]:
    """Names and values of fields, which chance would take long to spell."""
    found = {"events", "sent_at", "NaN", "\\ud800", "2023-11-14T22:13:20Z", "1700000000000"}
    for event in EXAMPLES.values():
        found |= set(event) | {value for value in event.values() if isinstance(value, str) and len(value) < 30}
    return found
