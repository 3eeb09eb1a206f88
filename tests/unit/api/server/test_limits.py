"""What a head and the framing of a body may weigh, over sockets: refused as soon as it is more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.api.server.process import BEGUN, PAGE, click, get, in_chunks, post

if TYPE_CHECKING:
    from tests.unit.api.server.process import Running


LINE, COOKIE = 8190, 16 * 1024
UNENDED = {
    "request line": (b"GET /" + b"a" * LINE, 414),
    "request line without a space": (b"GET" + b" " * LINE, 414),
    "query": (b"GET /healthz?" + b"a" * LINE, 414),
    "header": (BEGUN + b"X: " + b"a" * LINE, 431),
    "header name": (BEGUN + b"a" * (LINE + 1), 431),
    "cookie": (BEGUN + b"Cookie: " + b"a" * COOKIE, 431),
    "Cookies, which are none": (BEGUN + b"Cookies: " + b"a" * LINE, 431),
    "all headers": (BEGUN + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 8000) for n in range(5)), 431),
}


@pytest.mark.parametrize("name", UNENDED)
def test_line_that_never_ends_is_refused_as_soon_as_it_is_too_long(server: Running, name: str) -> None:
    sent, status = UNENDED[name]
    with server.wire() as wire:
        assert wire.ask(sent).problem["status"] == status


@pytest.mark.parametrize("name", UNENDED)
def test_the_same_is_so_when_it_comes_in_pieces(server: Running, name: str) -> None:
    sent, status = UNENDED[name]
    with server.wire() as wire:
        for start in range(0, len(sent), 1500):
            wire.send(sent[start : start + 1500])
        assert wire.answer().status == status


ENDED = {
    "request line": (get("/" + "a" * LINE), 414),
    "header": (get("/healthz", "X: " + "a" * LINE), 431),
    "cookie": (get("/healthz", "Cookie: " + "a" * COOKIE), 431),
    "many headers": (get("/healthz", *["a: a"] * 64), 431),
    "all headers": (get("/healthz", *["a: " + "a" * 8000] * 5), 431),
}


@pytest.mark.parametrize("name", ENDED)
def test_line_that_is_too_long_is_refused_when_it_ends_too(server: Running, name: str) -> None:
    sent, status = ENDED[name]
    with server.wire() as wire:
        assert wire.ask(sent).problem["status"] == status


def test_what_is_just_within_the_limits_is_taken(server: Running) -> None:
    for sent in (
        get("/healthz?" + "a" * (LINE - len("GET /healthz? HTTP/1.1"))),
        get("/healthz", "X: " + "a" * (LINE - 3)),
        get("/healthz", "Cookie: " + "a" * (COOKIE - 8)),
        get("/healthz", *["a: a"] * 63),
    ):
        with server.wire() as wire:
            assert wire.ask(sent).status == 200


def test_cookies_of_a_site_travel_with_what_its_pages_send(server: Running) -> None:
    with server.wire() as wire:
        assert wire.ask(post(None, "Cookie: a=" + "x" * 9000, f"Origin: {PAGE}")).status == 202


ENDLESS_CHUNKS = {
    "size": b"0" * 9000,
    "size, then much": b"0" * 300_000,
    "extension": b"1;a=" + b"b" * 9000,
    "quoted extension": b'1;a="' + b"b" * 9000,
    "trailer": b"0\r\nX: " + b"y" * 9000,
    "trailer name": b"0\r\n" + b"y" * 9000,
    "trailers": b"0\r\n" + b"X: y\r\n" * 12_000,
    "tiny chunks": b"1\r\n \r\n" * 14_000,
}


@pytest.mark.parametrize("name", ENDLESS_CHUNKS)
def test_chunks_that_never_end_are_refused_as_soon_as_they_are_too_long(server: Running, name: str) -> None:
    with server.wire() as wire:
        wire.send(in_chunks(b"{", end=ENDLESS_CHUNKS[name]))
        answer = wire.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert answer.problem["type"] == "urn:ugc:problem:incomplete-body"


def test_unended_lines_cost_little_memory(server: Running) -> None:
    (worker,) = server.workers()
    before = worker.memory_info().rss
    wires = [server.wire() for _ in range(100)]
    for wire in wires:
        wire.flood(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000, 3)
    assert worker.memory_info().rss - before < 40 << 20
    for wire in wires:
        with wire:
            assert wire.answer().status == 431


def test_bytes_behind_a_request_are_not_read_while_it_is_answered(server: Running) -> None:
    (worker,) = server.workers()
    before = worker.memory_info().rss
    with server.wire() as wire:
        wire.send(post(click("slow")))
        # What the two sockets hold is the system's.
        assert wire.flood(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000, 40) < 20 << 20
        assert worker.memory_info().rss - before < 4 << 20
        assert wire.answer().status == 202
        assert wire.answer().status == 431
