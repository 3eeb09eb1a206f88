"""Bodies that nobody thought of, through the whole application in this process: every one is stored or clearly refused.

`UGC_TEST_CASES` is how many to make of each kind (default 50 times 6).
"""

from __future__ import annotations

import gc
import json
import os
import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from falcon.testing import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.configuration.settings import read_settings
from api.documentation.examples import EXAMPLES
from api.pipeline.limits import MAX_BODY_BYTES
from tests.support.event_cases import event_cases
from tests.support.packing import PACKERS, bomb
from tests.support.wire import read_message

if TYPE_CHECKING:
    from falcon.testing import Result

CASES = int(os.environ.get("UGC_TEST_CASES", "50")) * 6
PATHS = ["/api/v1/events", "/api/v1/events/batch"]
NOW = 1_700_000_000_456
MAX_GROWTH_BYTES = 256 * 1024
"""What may be kept after some thousand bodies."""
MAX_PEAK_BYTES = 40 * MAX_BODY_BYTES
"""Python's own memory for one request. The most is taken by half a million numbers for events, which all become objects
before their count is found too high; one request at a time is in this state."""

BOMBS = {encoding: bomb(encoding, 64) for encoding in PACKERS}
bounded = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))


class Wire:
    """A sink that checks what ClickHouse relies on."""

    def __init__(self) -> None:
        self.events = 0

    async def start(self) -> None: ...

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        del key
        self.events += len(read_message(value))

    async def flush(self, timeout_s: float) -> None: ...

    async def close(self, wait_s: float = 6.0) -> None: ...

    def ready(self) -> bool:
        return True


class Fuzzed:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        app = create_app(read_settings({"UGC_RATE_LIMIT": "off"}), self.wire, lambda: NOW, lambda _: "0" * 36)
        self.client = TestClient(app)

    def post(self, path: str, body: bytes, **headers: str) -> Result:
        """Post, and check that the answer says what happened."""
        before = self.wire.events
        answer = self.client.simulate_post(path, body=body, headers={"Content-Type": "application/json", **headers})
        stored = self.wire.events - before
        if path == PATHS[0]:
            assert stored == (answer.status_code == 202)
        elif answer.status_code in (202, 207):
            assert answer.json["accepted"] >= stored >= 1
            assert bool(answer.json["rejected"]) is (answer.status_code == 207)
        else:
            assert stored == 0
        assert answer.status_code in (202, 207, 400, 413, 415)
        if answer.status_code >= 400:
            assert answer.json["detail"]
        return answer


@pytest.fixture(scope="module")
def fuzzed() -> Fuzzed:
    return Fuzzed(Wire())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "\x00", '":']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
# Both of what is right and of what is wrong, some more is made.
SEEDS = [*EXAMPLES.values(), *(each.event for section in ("accepted", "refused") for each in event_cases(section))]
FIELDS = sorted({name for example in EXAMPLES.values() for name in example} | {"event_id", "occurred_at"})


@st.composite
def mutated_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of the documentation or of the unit tests' cases, some of its fields replaced, added or taken away."""
    event = dict(draw(st.sampled_from(SEEDS)))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        if draw(st.booleans()):
            event.pop(name, None)
        else:
            event[name] = draw(JSON)
    return event


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The text of an event with bytes cut out, put in, or repeated."""
    text = bytearray(json.dumps(draw(mutated_events())).encode())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        until = min(len(text), at + draw(st.integers(0, 30)))
        text[at:until] = draw(st.sampled_from([b"", b'"', b"{", b"\\u", b"\xff", b",", bytes(text[at:until]) * 2]))
    return bytes(text)


@bounded
@given(event=mutated_events(), path=st.sampled_from(PATHS), indent=st.sampled_from([None, 0, 2]))
def test_mutated_events_are_stored_or_refused(fuzzed: Fuzzed, event: Any, path: str, indent: int | None) -> None:
    body = event if path == PATHS[0] else {"events": [event, EXAMPLES["click"]]}
    answer = fuzzed.post(path, json.dumps(body, indent=indent).encode())
    if answer.status_code == 202:
        assert "NaN" not in json.dumps(body), "what is no JSON is not stored"


@bounded
@given(text=damaged(), path=st.sampled_from(PATHS))
def test_damaged_texts_are_stored_or_refused(fuzzed: Fuzzed, text: bytes, path: str) -> None:
    fuzzed.post(path, text if path == PATHS[0] else b'{"events":[%b,%b]}' % (text, text))


@bounded
@given(body=st.binary(max_size=300), path=st.sampled_from(PATHS))
def test_rubbish_is_refused(fuzzed: Fuzzed, body: bytes, path: str) -> None:
    assert fuzzed.post(path, body).status_code == 400


@bounded
@given(text=damaged(), encoding=st.sampled_from(sorted(PACKERS)), data=st.data())
def test_packed_and_damaged_bodies_are_stored_or_refused(
    fuzzed: Fuzzed, text: bytes, encoding: str, data: st.DataObject
) -> None:
    packed = bytearray(PACKERS[encoding](text))
    for _ in range(data.draw(st.integers(0, 2))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    fuzzed.post(PATHS[0], bytes(packed), **{"Content-Encoding": encoding})


@bounded
@given(
    name=st.sampled_from(["Content-Type", "Content-Encoding", "X-Write-Key", "Origin", "X-Request-Id", "DNT"]),
    value=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=80),
)
def test_any_header_is_survived(fuzzed: Fuzzed, name: str, value: str) -> None:
    fuzzed.post(PATHS[0], json.dumps(EXAMPLES["click"]).encode(), **{name: value})


def _huge_bodies() -> dict[str, bytes]:
    """Bodies of nearly a mebibyte each, and each of another kind of much."""
    good = json.dumps(EXAMPLES["click"]).encode()
    wide = json.dumps(
        {**EXAMPLES["custom"], "properties": {"a": "\N{PILE OF POO}" * 4_000}}, ensure_ascii=False
    ).encode()
    return {
        "500 good events": b'{"events":[%b]}' % b",".join([good] * 500),
        "500 bad events": b'{"events":[%b]}' % b",".join([b'{"event_type":"click","x":"%b"}' % (b"y" * 2_000)] * 500),
        "large events": b'{"events":[%b]}' % b",".join([wide] * 60),
        "half a million numbers": b'{"events":[%b]}' % b",".join([b"1"] * 500_000),
        "objects where none belong": b'{"events":{"x":[%b]}}' % b",".join([b"{}"] * 340_000),
        "deep": b"[" * 1_000_000,
        "one long string": b'{"events":["%b"]}' % (b"\\u0000" * 160_000),
        "many keys": b'{"events":[{%b}]}' % b",".join(b'"%06d":1' % number for number in range(90_000)),
    }


HUGE = _huge_bodies()


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("encoding", [None, *PACKERS])
def test_memory_of_a_huge_body_is_bounded(fuzzed: Fuzzed, name: str, encoding: str | None) -> None:
    body = HUGE[name]
    packed = PACKERS[encoding](body) if encoding else body
    assert _peak(fuzzed, packed, encoding) < MAX_PEAK_BYTES


@pytest.mark.parametrize("encoding", PACKERS)
def test_memory_of_a_bomb_is_bounded(fuzzed: Fuzzed, encoding: str) -> None:
    assert _peak(fuzzed, BOMBS[encoding], encoding) < MAX_PEAK_BYTES


def _peak(fuzzed: Fuzzed, body: bytes, encoding: str | None) -> int:
    tracemalloc.start()
    try:
        fuzzed.post(PATHS[1], body, **({"Content-Encoding": encoding} if encoding else {}))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_what_others_are_made_of_is_itself_stored_or_refused(fuzzed: Fuzzed, seed: int, path: str) -> None:
    fuzzed.post(path, json.dumps(SEEDS[seed] if path == PATHS[0] else {"events": [SEEDS[seed]]}).encode())


class Hoard(Wire):
    """What the check of memory is to find: something is kept of each message."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[bytes] = []

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        await super().send(value, key)
        self.kept.append(value.ljust(4_096))


@pytest.mark.parametrize(("wire", "grows"), [(Wire(), False), (Hoard(), True)])
def test_memory_does_not_grow_with_the_number_of_bodies(wire: Wire, *, grows: bool) -> None:
    # Not by Hypothesis, which itself keeps what it has made.
    fuzzed, chance = Fuzzed(wire), random.Random(1)
    _post_damaged(fuzzed, chance, 1_000)
    tracemalloc.start()
    try:
        _post_damaged(fuzzed, chance, CASES * 5)
        growth = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    print(f"{growth} bytes more")
    assert (growth > MAX_GROWTH_BYTES) is grows


def _post_damaged(fuzzed: Fuzzed, chance: random.Random, number: int) -> None:
    for _ in range(number):
        text = bytearray(json.dumps(chance.choice(SEEDS)).encode())
        for _ in range(chance.randrange(3)):
            at = chance.randrange(len(text))
            text[at : at + chance.randrange(8)] = chance.randbytes(chance.randrange(8))
        path = chance.choice(PATHS)
        one = bytes(text)
        fuzzed.post(path, one if path == PATHS[0] else b'{"events":[%b,%b]}' % (one, one))
    gc.collect()
