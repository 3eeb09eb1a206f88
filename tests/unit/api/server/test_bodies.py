"""Compressed bodies, slow bodies, keys that are named twice."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped]
import falcon.testing
import pytest
import zstandard

from tests.unit.api.conftest import Service

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[4]
CLICK = {"event_type": "click", "user_id": "u1", "element": "movie"}
BODY = json.dumps(CLICK).encode()
BATCH = json.dumps({"events": [CLICK]}).encode()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def zstd_without_size(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor(level=5).compressobj()
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "GZIP": ("GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without its header": ("deflate", raw_deflate),
    "br": ("br", lambda data: brotli.compress(data, quality=3)),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "zstd without its size": ("zstd", zstd_without_size),
}


@pytest.mark.parametrize("name", PACKERS)
def test_compressed_body_is_read(service: Service, name: str) -> None:
    encoding, pack = PACKERS[name]
    assert service.post("/api/v1/events", pack(BODY), Content_Encoding=encoding).status_code == 202
    assert service.post("/api/v1/events/batch", pack(BATCH), Content_Encoding=encoding).status_code == 202
    assert [event["user_id"] for event in service.sink.events()] == ["u1", "u1"]


# Reads a packed body from stdin and prints how many KiB the peak of the memory rose while it was refused.
CHILD = """
import resource, sys
from api.server.decompression import OversizedBodyError, decompress
decompress("gzip", bytes.fromhex("1f8b080000000000000303000000000000000000"), 9)
packed = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decompress(sys.argv[1], packed, 1 << 20)
except OversizedBodyError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", PACKERS)
def test_bomb_is_a_413_and_is_never_unpacked(service: Service, name: str) -> None:
    encoding, pack = PACKERS[name]
    bomb = pack(bytes(32 << 20))
    assert service.post("/api/v1/events", bomb, Content_Encoding=encoding).status_code == 413
    done = subprocess.run(
        [sys.executable, "-c", CHILD, encoding.lower()],
        input=bomb,
        capture_output=True,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert int(done.stdout) < 8 << 10


@pytest.mark.parametrize("name", PACKERS)
def test_exactly_one_mebibyte_may_come_out(service: Service, name: str) -> None:
    encoding, pack = PACKERS[name]
    whole = BATCH + b" " * ((1 << 20) - len(BATCH))
    assert service.post("/api/v1/events/batch", pack(whole), Content_Encoding=encoding).status_code == 202
    assert service.post("/api/v1/events/batch", pack(whole + b" "), Content_Encoding=encoding).status_code == 413


@pytest.mark.parametrize("damage", ["cut", "more", "other", "empty"])
@pytest.mark.parametrize("name", PACKERS)
def test_damaged_body_is_a_400(service: Service, name: str, damage: str) -> None:
    encoding, pack = PACKERS[name]
    packed = pack(BODY)
    body = {"cut": packed[:-3], "more": packed + packed, "other": BODY, "empty": b""}[damage]
    answer = service.post("/api/v1/events", body, Content_Encoding=encoding)
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (400, "$")
    assert service.sink.messages == []


@pytest.mark.parametrize("encoding", ["lzma", "gzip, br", "compress", "*"])
def test_other_encodings_are_a_415(service: Service, encoding: str) -> None:
    assert service.post("/api/v1/events", BODY, Content_Encoding=encoding).status_code == 415


EVENT = b'"event_type":"click","user_id":"u1","element":"movie"'
DUPLICATES = {
    "at the top": b'{%b,"user_id":"u2"}' % EVENT,
    "the same value": b'{%b,"user_id":"u1"}' % EVENT,
    "with a space before the colon": b'{%b,"user_id" :"u2"}' % EVENT,
    "with a line before the colon": b'{%b,"user_id"\n:"u2"}' % EVENT,
    "hidden by an absent default": b'{"event_type":"video_quality_change","user_id":"u","user_id":"u",'
    b'"movie_id":"m","from_quality":"144p","to_quality":"240p"}',
    "in the context": b'{%b,"context":{"locale":"de","locale":"en"}}' % EVENT,
    "written with an escape": b'{%b,"user\\u005fid":"u2"}' % EVENT,
    "in properties": b'{"event_type":"custom","user_id":"u","name":"n","properties":{"a":1,"a":2}}',
    "deep in properties": b'{"event_type":"custom","user_id":"u","name":"n","properties":{"a":[{"b":1,"b":1}]}}',
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_key_that_is_named_twice_is_a_400(service: Service, name: str) -> None:
    answer = service.post("/api/v1/events", DUPLICATES[name])
    assert (answer.status_code, answer.json["detail"]) == (400, "$: expected each key of an object once, got one twice")


@pytest.mark.parametrize("name", DUPLICATES)
def test_event_of_a_batch_that_names_a_key_twice_leaves_the_others_alone(service: Service, name: str) -> None:
    for size in (0, 70_000):  # Over 64 KiB a batch is read event by event.
        body = b'{"events":[{%b},%b,{%b}]%b}' % (EVENT, DUPLICATES[name], EVENT, b" " * size)
        answer = service.post("/api/v1/events/batch", body)
        assert (answer.status_code, answer.json["accepted"]) == (207, 2)
        assert [bad["index"] for bad in answer.json["rejected"]] == [1]


def test_batch_that_names_its_own_key_twice_is_refused_as_a_whole(service: Service) -> None:
    for more in (b"", b',"sent_at":1700000000000'):
        body = b'{"events":[{%b}],"events":[{%b}]%b}' % (EVENT, EVENT, more)
        assert service.post("/api/v1/events/batch", body).status_code == 400
    assert service.sink.messages == []


@pytest.mark.parametrize(
    "event",
    [
        {**CLICK, "label": 'a ":b":c "d" :e', "element_id": '":'},
        {**CLICK, "label": None, "referrer": None, "context": None},
        {**CLICK, "context": {}},
        {"event_type": "search_filter", "user_id": "u", "genres": [], "actors": ["a"], "query": None},
        {"event_type": "custom", "user_id": "u", "name": "n", "properties": {"a": {"a": {"a": [{"a": 1}, {"a": 1}]}}}},
        {"event_type": "custom", "user_id": "u", "name": "n", "properties": {}},
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_what_only_looks_like_a_key_named_twice_is_taken(
    service: Service, event: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps(event, indent=indent)
    assert service.post("/api/v1/events", text).status_code == 202
    assert service.post("/api/v1/events/batch", f'{{"events" : [{text}]}}').status_code == 202


def compact(event: dict[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"))


# Ten thousand keys are over 64 KiB, and so a 413.
KEYS = {f"{i:x}": 1 for i in range(7000)}
CUSTOM = {"event_type": "custom", "user_id": "u", "name": "n"}
HOSTILE = {
    "thousands of keys": compact({**CLICK, **KEYS}),
    "thousands of keys in properties": compact({**CUSTOM, "properties": KEYS}),
    "thousands of keys below properties": compact({**CUSTOM, "properties": {"a": KEYS}}),
    "deep nesting": '{"event_type":"custom","user_id":"u","name":"n","properties":{"a":' + "[" * 500 + "]" * 500 + "}}",
    "NaN": '{"event_type":"custom","user_id":"u","name":"n","properties":{"a":NaN}}',
    "lone surrogate": '{"event_type":"click","user_id":"\\ud800","element":"movie"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_a_clear_400(service: Service, name: str) -> None:
    for path, body in (("/api/v1/events", HOSTILE[name]), ("/api/v1/events/batch", f'{{"events":[{HOSTILE[name]}]}}')):
        answer = service.post(path, body)
        assert answer.status_code == 400
        assert answer.json["detail"]


async def _slowly(app: Any, first: bytes | None) -> tuple[int, dict[bytes, bytes]]:
    """Send the first part of a body, or nothing, and then nothing more."""
    parts = [] if first is None else [{"type": "http.request", "body": first, "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if parts:
            return parts.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"Content-Type": "application/json", "Content-Length": "1000"}
    scope = falcon.testing.create_scope(path="/api/v1/events", method="POST", headers=headers)
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status, dict(sent[0]["headers"])


@pytest.mark.parametrize("first", [None, b"", b'{"event_type"'])
def test_body_that_does_not_come_in_time_is_a_408_and_ends_the_connection(first: bytes | None) -> None:
    service = Service(UGC_BODY_TIMEOUT_SECONDS="0.05")
    status, headers = asyncio.run(_slowly(service.app, first))
    assert (status, headers[b"connection"], headers[b"content-type"]) == (408, b"close", b"application/problem+json")
    assert service.sink.messages == []


def test_client_that_leaves_while_its_body_is_awaited_is_no_slow_body() -> None:
    service = Service(UGC_BODY_TIMEOUT_SECONDS="20")

    async def leave() -> None:
        task = asyncio.create_task(_slowly(service.app, b"{"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())


@pytest.mark.parametrize("query", [b"write_key=\xff", b"\xff", "a=кино".encode(), b"write_key=%FF%00"])
def test_bytes_in_the_query_that_are_no_ascii_are_no_error_of_the_service(query: bytes) -> None:
    service = Service(UGC_WRITE_KEYS="web:secret-key-of-a-site")
    for method, path in (("GET", "/healthz"), ("POST", "/api/v1/events")):
        scope = falcon.testing.create_scope(path=path, method=method)
        scope["query_string"] = query
        assert asyncio.run(_ask(service.app, scope)) == (200 if method == "GET" else 401)


async def _ask(app: Any, scope: dict[str, Any]) -> int:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


def test_body_in_chunks_that_breaks_off_is_not_taken_for_the_whole(service: Service) -> None:
    """A server says so by a disconnect, behind which Falcon would take what came before."""
    headers = {"Content-Type": "application/json"}
    scope = falcon.testing.create_scope(path="/api/v1/events", method="POST", headers=headers)
    events = [{"type": "http.request", "body": BODY, "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(service.app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert b"incomplete-body" in sent[1]["body"]
    assert service.sink.messages == []


def test_websocket_is_closed_and_raises_nothing(service: Service) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    for path in ("/healthz", "/api/v1/events", "/nothing"):
        asyncio.run(service.app(falcon.testing.create_scope_ws(path=path), receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"] * 3


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/apidocs"])
def test_head_has_the_length_of_get_and_no_body(service: Service, path: str) -> None:
    got, head = service.client.simulate_get(path), service.client.simulate_head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-length"] == str(len(got.content))


def test_body_known_to_be_too_large_is_not_read(service: Service) -> None:
    scope = falcon.testing.create_scope(
        path="/api/v1/events",
        method="POST",
        headers={"Content-Type": "application/json", "Content-Length": str(2 << 20)},
    )
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"", "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(service.app(scope, receive, send))
    assert (sent[0]["status"], asked) == (413, 1)
