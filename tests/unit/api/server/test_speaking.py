"""HTTP/1.1 as clients speak it, well and badly, byte by byte over sockets."""

from __future__ import annotations

import json
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from common.waiting import wait_until
from tests.unit.api.server.process import CLICK, SLOW_S, Running, get, in_chunks, post, running

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY_WITHIN_S, KEPT_S = 1.0, 1.5
PAGE = "https://cinema.example"


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    with running(
        filed=True, UGC_BODY_TIMEOUT_SECONDS=BODY_WITHIN_S, UGC_KEEPALIVE_SECONDS=KEPT_S, UGC_RATE_LIMIT="off"
    ) as started:
        yield started
        log = started.process
        log.terminate()
        assert log.wait(20) == 0
        assert log.stderr is not None
        # Whatever was sent here, nothing of it was an error of the service.
        assert [line for line in log.stderr.read().splitlines() if json.loads(line)["level"] == "error"] == []


def clicks(service: Running, user: str) -> int:
    return sum(event["user_id"] == user for event in service.events())


def click(user: str) -> bytes:
    return json.dumps({**CLICK, "user_id": user}).encode()


# Limits

LINE, COOKIE, HEAD = 8190, 16 * 1024, 32 * 1024
BEGUN = b"POST /api/v1/events HTTP/1.1\r\nHost: a\r\n"
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
def test_line_that_never_ends_is_refused_as_soon_as_it_is_too_long(service: Running, name: str) -> None:
    sent, status = UNENDED[name]
    with service.wire() as wire:
        assert wire.ask(sent).problem["status"] == status


@pytest.mark.parametrize("name", UNENDED)
def test_the_same_is_so_when_it_comes_in_pieces(service: Running, name: str) -> None:
    sent, status = UNENDED[name]
    with service.wire() as wire:
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
def test_line_that_is_too_long_is_refused_when_it_ends_too(service: Running, name: str) -> None:
    sent, status = ENDED[name]
    with service.wire() as wire:
        assert wire.ask(sent).problem["status"] == status


def test_what_is_just_within_the_limits_is_taken(service: Running) -> None:
    for sent in (
        get("/healthz?" + "a" * (LINE - len("GET /healthz? HTTP/1.1"))),
        get("/healthz", "X: " + "a" * (LINE - 3)),
        get("/healthz", "Cookie: " + "a" * (COOKIE - 8)),
        get("/healthz", *["a: a"] * 63),
    ):
        with service.wire() as wire:
            assert wire.ask(sent).status == 200


def test_cookies_of_a_site_travel_with_what_its_pages_send(service: Running) -> None:
    with service.wire() as wire:
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
def test_chunks_that_never_end_are_refused_as_soon_as_they_are_too_long(service: Running, name: str) -> None:
    with service.wire() as wire:
        wire.send(in_chunks(b"{", end=ENDLESS_CHUNKS[name]))
        answer = wire.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert answer.problem["type"] == "urn:ugc:problem:incomplete-body"


def test_unended_lines_cost_little_memory(service: Running) -> None:
    (worker,) = service.workers()
    before = worker.memory_info().rss
    wires = [service.wire() for _ in range(100)]
    for wire in wires:
        wire.flood(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000, 3)
    assert worker.memory_info().rss - before < 40 << 20
    for wire in wires:
        with wire:
            assert wire.answer().status == 431


def test_bytes_behind_a_request_are_not_read_while_it_is_answered(service: Running) -> None:
    (worker,) = service.workers()
    before = worker.memory_info().rss
    with service.wire() as wire:
        wire.send(post(click("slow")))
        # What the two sockets hold is the system's.
        assert wire.flood(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000, 40) < 20 << 20
        assert worker.memory_info().rss - before < 4 << 20
        assert wire.answer().status == 202
        assert wire.answer().status == 431


# Strictness


NO_REQUESTS = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(200)),
    "HTTP/0.9": b"GET /\r\n\r\n",
    "other protocol": b"OPTIONS / RTSP/1.0\r\nHost: a\r\n\r\n",
    "unknown method": get(method="BREW"),
    "method in lower case": get(method="get"),
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "two Hosts in HTTP/1.0": b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    "Host of two": b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    "Host with a path": b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "Content-Length 5_6": BEGUN + b"Content-Length: 5_6\r\n\r\n" + b"x" * 56,
    "Content-Length +56": BEGUN + b"Content-Length: +56\r\n\r\n" + b"x" * 56,
    "Content-Length -1": BEGUN + b"Content-Length: -1\r\n\r\n",
    "Content-Length 0x5": BEGUN + b"Content-Length: 0x5\r\n\r\nxxxxx",
    "Content-Length 1 2": BEGUN + b"Content-Length: 1 2\r\n\r\nx",
    "Content-Length 5, 5": BEGUN + b"Content-Length: 5, 5\r\n\r\nxxxxx",
    "Content-Length in other digits": BEGUN + "Content-Length: \u0665\r\n\r\nxxxxx".encode(),
    "Content-Length without end": BEGUN + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "empty Content-Length": BEGUN + b"Content-Length:\r\n\r\n",
    "two Content-Lengths": BEGUN + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx",
    "the same Content-Length twice": BEGUN + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nxxxxx",
    "both lengths": BEGUN + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both lengths, the other way": BEGUN + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "space before the colon": BEGUN + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunked and a vertical tab": BEGUN + b"Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n",
    "a vertical tab and chunked": BEGUN + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": BEGUN + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "gzip and chunked": BEGUN + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": BEGUN + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked, identity": BEGUN + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "identity": BEGUN + b"Transfer-Encoding: identity\r\n\r\n",
    "xchunked": BEGUN + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "folded encoding": BEGUN + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /api/v1/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "space before the first header": b"GET /healthz HTTP/1.1\r\n Host: a\r\n\r\n",
    "header without a colon": get("/healthz", "abc"),
    "header without a name": get("/healthz", ": c"),
    "NUL in a header": get("/healthz", "X: a\0b"),
    "CR in a header": get("/healthz", "X: a\rY: b"),
    "LF alone": b"GET /healthz HTTP/1.1\nHost: a\n\n",
    "LF alone behind a header": b"GET /healthz HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "space in the path": get("/health z"),
    "two spaces": get(" /healthz"),
    "tab in the path": get("/health\tz"),
    "fragment": get("/healthz#a"),
    "no path": get("healthz"),
    "byte that is no ASCII in the path": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "byte that is no UTF-8 in the query": b"GET /healthz?a=\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "Cyrillic in the query": "GET /healthz?a=кино HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "NUL in the path": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_a_400_that_pages_can_read_and_is_counted(service: Running, name: str) -> None:
    before = service.counted(400)
    with service.wire() as wire:
        answer = wire.ask(NO_REQUESTS[name])
        assert answer.problem["status"] == 400, answer
        assert answer.headers["connection"] == "close"
        wire.no_more()
        assert wire.ended()
    assert service.counted(400) == before + 1


DAMAGED_CHUNKS = {
    "no line end behind the data": b"XX0\r\n\r\n",
    "LF alone behind the data": b"\n0\r\n\r\n",
    "CR alone behind the data": b"\r0\r\n\r\n",
    "LF alone behind the size": b"\r\n1\n \r\n0\r\n\r\n",
    "size with a space": b"\r\n1 \r\n \r\n0\r\n\r\n",
    "size with a sign": b"\r\n+1\r\n \r\n0\r\n\r\n",
    "size with a prefix": b"\r\n0x1\r\n \r\n0\r\n\r\n",
    "size with an underscore": b"\r\n0_1\r\n \r\n0\r\n\r\n",
    "size over 64 bits": b"\r\n" + b"f" * 17 + b"\r\n \r\n0\r\n\r\n",
    "no size": b"\r\n\r\n",
    "LF alone behind the last": b"\r\n0\r\n\n",
    "a length in a trailer": b"\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("name", DAMAGED_CHUNKS)
def test_damaged_chunks_are_a_400_and_nothing_of_them_is_stored(service: Running, name: str, together: bool) -> None:  # noqa: FBT001
    # What came before the damage is a whole event.
    head, event = in_chunks(end=b""), click("damaged")
    begun = head + b"%x\r\n%b" % (len(event), event)
    with service.wire() as wire:
        if together:
            wire.send(begun + DAMAGED_CHUNKS[name])
        else:
            wire.send(begun)
            wire.send(DAMAGED_CHUNKS[name])
        answer = wire.answer()
    assert (answer.problem["status"], answer.headers["connection"]) == (400, "close")
    assert clicks(service, "damaged") == 0


def test_trailers_are_read_over(service: Running) -> None:
    with service.wire() as wire:
        first = in_chunks(click("trailers"), end=b"0\r\nHost: evil\r\nX-Write-Key: k\r\nExpect: what\r\n\r\n")
        assert wire.ask(first).status == 202
        assert wire.ask(get()).status == 200


def test_chunks_in_any_cut_are_one_body(service: Running) -> None:
    event = click("cut")
    whole = in_chunks(event[:7], event[7:8], event[8:], end=b"000;last\r\nX: y\r\n\r\n")
    for size in (1, 2, 3, 5):
        with service.wire() as wire:
            for start in range(0, len(whole), size):
                wire.send(whole[start : start + size])
            assert wire.answer().status == 202
            assert wire.ask(get()).status == 200


FORMS = {
    "whole address": get("http://a/healthz"),
    "whole address and a query": get("http://a/healthz?x=/y"),
    "port": b"GET /healthz HTTP/1.1\r\nHost: [::1]:9001\r\n\r\n",
    "empty Host": b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
    "empty line before": b"\r\n\r\n" + get(),
    "HTTP/1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "length with zeros and spaces": BEGUN.replace(b"POST /api/v1/events", b"GET /healthz")
    + b"Content-Length: 01 \r\n\r\nx",
    "header in Latin-1": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_rare_but_right_forms_are_understood(service: Running, name: str) -> None:
    with service.wire() as wire:
        assert wire.ask(FORMS[name]).status == 200


def test_whole_address_without_a_path_means_the_root(service: Running) -> None:
    for target in ("http://a", "http://a?x"):
        with service.wire() as wire, service.wire() as plain:
            assert wire.ask(get(target)).status == plain.ask(get("/")).status


@pytest.mark.parametrize("escape", ["%FF", "%00", "%C3%28", "%ED%A0%80", "%F0%9F%98%80", "%", "%zz", "%2e%2e", "\\"])
def test_no_escape_in_path_or_query_is_an_error_of_the_service(service: Running, escape: str) -> None:
    for target in (
        f"/{escape}",
        f"/apidocs/{escape}",
        f"/healthz?{escape}={escape}",
        f"/api/v1/events?write_key={escape}",
    ):
        for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
            with service.wire() as wire:
                wire.send(get(target, method=method))
                assert wire.answer(to_head=method == "HEAD").status < 500, (method, target)


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "TRACE", "PROPFIND", "M-SEARCH", "QUERY", "SOURCE", "LINK", "PURGE"]
)
def test_no_method_is_an_error_of_the_service(service: Running, method: str) -> None:
    with service.wire() as wire:
        assert 400 <= wire.ask(get("/api/v1/events", method=method)).problem["status"] < 500


# Other protocols


OTHERS = {
    "WebSocket": (
        get(
            "/healthz", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Origin: {PAGE}",
        ),
        426,
    ),
    "WebSocket to the events": (post(None, "Connection: upgrade", "Upgrade: WebSocket", f"Origin: {PAGE}"), 426),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(18), 426),
    "HTTP/2.0": (f"GET /healthz HTTP/2.0\r\nHost: a\r\nOrigin: {PAGE}\r\n\r\n".encode(), 426),
    "HTTP/1.2": (f"GET /healthz HTTP/1.2\r\nHost: a\r\nOrigin: {PAGE}\r\n\r\n".encode(), 426),
    "proxy": (f"CONNECT cinema.example:443 HTTP/1.1\r\nHost: a\r\nOrigin: {PAGE}\r\n\r\n".encode(), 405),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_protocol_gets_a_status_that_is_counted(service: Running, name: str) -> None:
    sent, status = OTHERS[name]
    before = service.counted(status)
    with service.wire() as wire:
        answer = wire.ask(sent)
        assert answer.problem["status"] == status
        wire.no_more()
        assert wire.ended()
    assert service.counted(status) == before + 1


def test_wish_for_another_protocol_that_can_be_ignored_is_ignored(service: Running) -> None:
    wish = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    with service.wire() as wire:
        assert wire.ask(post(click("h2c"), *wish)).status == 202
        assert wire.ask(get("/healthz", *wish)).status == 200
        half = post(click("h2c"), *wish)
        for start in range(0, len(half), 50):
            wire.send(half[start : start + 50])
        assert wire.answer().status == 202
    assert clicks(service, "h2c") == 2


# What is refused before the application


EARLY = {
    400: f"GET /healthz HTTP/1.1\r\nOrigin: {PAGE}\r\nHost: a\r\nHost: b\r\n\r\n".encode(),
    405: OTHERS["proxy"][0],
    414: get("/" + "a" * LINE, f"Origin: {PAGE}"),
    417: post(None, "Expect: 200-ok", f"Origin: {PAGE}"),
    426: OTHERS["WebSocket"][0],
    431: get("/healthz", f"Origin: {PAGE}", "Cookie: " + "a" * COOKIE),
}


@pytest.mark.parametrize("status", EARLY)
def test_page_can_read_what_is_refused_before_the_application(service: Running, status: int) -> None:
    before = service.counted(status)
    with service.wire() as wire:
        answer = wire.ask(EARLY[status])
    assert answer.problem["status"] == status
    assert answer.headers["access-control-allow-origin"] in {PAGE, "*"}
    assert (answer.headers["connection"], "date" in answer.headers) == ("close", True)
    assert service.counted(status) == before + 1


def test_refused_page_is_told_so_while_it_is_still_writing(service: Running) -> None:
    with service.wire() as wire:
        wire.send(get("/healthz", f"Origin: {PAGE}", "X: " + "a" * LINE)[:-2])
        wire.send(b"b" * 500_000)
        answer = wire.answer()
        assert (answer.status, answer.headers["access-control-allow-origin"] in {PAGE, "*"}) == (431, True)


# One request after the other


def test_two_requests_in_one_write_are_answered_in_order(service: Running) -> None:
    with service.wire() as wire:
        wire.send(post(click("first")) + post(b"{}") + get() + post(click("second")))
        assert [wire.answer().status for _ in range(4)] == [202, 400, 200, 202]
    assert [event["user_id"] for event in service.events() if event["user_id"] in {"first", "second"}] == [
        "first",
        "second",
    ]


def test_many_requests_in_one_write_are_answered_in_order(service: Running) -> None:
    with service.wire() as wire:
        wire.send(b"".join(get(f"/{n}" if n % 2 else "/healthz") for n in range(500)))
        assert [wire.answer().status for _ in range(500)] == [200, 404] * 250
        assert wire.ask(get()).status == 200


def test_request_behind_a_slow_one_waits_for_its_turn(service: Running) -> None:
    with service.wire() as wire:
        wire.send(post(click("slow")) + get()[:20])
        wire.send(get()[20:])
        assert [wire.answer().status for _ in range(2)] == [202, 200]


def test_request_behind_chunks_is_answered_or_the_connection_ends_by_announcement(service: Running) -> None:
    with service.wire() as wire:
        wire.send(in_chunks(click("chunks")) + get())
        answer = wire.answer()
        assert answer.status == 202
        if answer.headers.get("connection") == "close":
            wire.no_more()
            assert wire.ended()
        else:
            assert wire.answer().status == 200
    with service.wire() as wire:
        for _ in range(3):
            assert wire.ask(in_chunks(click("chunks"))).status == 202
        assert wire.ask(post(click("chunks"))).status == 202


def test_last_request_of_a_client_is_its_last(service: Running) -> None:
    for last in (get("/healthz", "Connection: close"), get("/healthz", "Connection: x", "Connection: Close")):
        with service.wire() as wire:
            wire.send(last + get())
            answer = wire.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert wire.ended()


def test_client_that_closes_its_side_is_answered(service: Running) -> None:
    for sent, status in ((get(), 200), (post(click("half")), 202), (post(click("slow")), 202), (post()[:-5], 400)):
        with service.wire() as wire:
            wire.send(sent)
            wire.no_more()
            assert wire.answer().status == status
            assert wire.ended()


# 100 Continue


@pytest.mark.parametrize("sent", [post(click("expecting")), in_chunks(click("expecting"))])
def test_client_that_waits_for_a_100_gets_it_at_once(service: Running, sent: bytes) -> None:
    head, _, body = sent.partition(b"\r\n\r\n")
    with service.wire() as wire:
        assert wire.ask(head + b"\r\nExpect: 100-Continue\r\n\r\n").status == 100
        assert wire.ask(body).status == 202
        assert wire.ask(get()).status == 200


def test_client_that_does_not_wait_gets_no_100(service: Running) -> None:
    with service.wire() as wire:
        assert wire.ask(post(click("hasty"), "Expect: 100-continue")).status == 202
        assert wire.ask(get("/healthz", "Expect: 100-continue")).status == 200
    with service.wire() as wire:
        old = post(click("old"), "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
        assert wire.ask(old).status == 202


UNWANTED = {
    "too large": (f"Content-Length: {2 << 20}", "/api/v1/events", 413),
    "no such path": ("Content-Length: 20", "/nothing", 404),
    "another type": ("Content-Type: text/html\r\nContent-Length: 20", "/api/v1/events", 415),
}


@pytest.mark.parametrize("name", UNWANTED)
def test_body_that_is_not_wanted_is_not_asked_for(service: Running, name: str) -> None:
    lines, path, status = UNWANTED[name]
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{lines}\r\n\r\n"
    if "Content-Type" not in head:
        head = head.replace("Host: a", "Host: a\r\nContent-Type: application/json")
    with service.wire() as wire:
        answer = wire.ask(head.encode())
        # Whether the body comes now is not known, and so the next request could not be found.
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        wire.no_more()
        assert wire.ended()


# HEAD


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/apidocs", "/apidocs/start.js"])
def test_head_is_answered_as_get_without_the_body(service: Running, path: str) -> None:
    with service.wire() as wire:
        got = wire.ask(get(path))
        wire.send(get(path, method="HEAD"))
        head = wire.answer(to_head=True)
        assert (got.status, head.status, head.body) == (200, 200, b"")
        changing = {"date", "x-request-id", *(["content-length"] if path == "/metrics" else [])}
        assert {k: v for k, v in head.headers.items() if k not in changing} == {
            k: v for k, v in got.headers.items() if k not in changing
        }
        assert int(head.headers["content-length"]) > 0
        assert wire.ask(get()).status == 200


def test_head_of_what_takes_no_get_says_so(service: Running) -> None:
    with service.wire() as wire:
        wire.send(get("/api/v1/events", method="HEAD"))
        answer = wire.answer(to_head=True)
        assert (answer.status, "POST" in answer.headers["allow"]) == (405, True)
        assert "HEAD" in wire.ask(get("/healthz", method="DELETE")).headers["allow"]


# Texts


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Кинотеатр/1.0 (Android 14)".encode(), "Кинотеатр/1.0 (Android 14)"),
        (b"Cin\xe9ma/1.0", "Cinéma/1.0"),
        (b"Cin\xc3\xa9ma/1.0 caf\xe9", "CinÃ©ma/1.0 café"),
        (b"plain/1.0", "plain/1.0"),
    ],
)
def test_user_agent_is_stored_as_it_was_sent(service: Running, sent: bytes, stored: str) -> None:
    user = sent.hex()
    with service.wire() as wire:
        assert wire.ask(post(click(user)).replace(b"Host: a", b"Host: a\r\nUser-Agent: " + sent)).status == 202
    assert [event["user_agent"] for event in service.events() if event["user_id"] == user] == [stored]


# Time


def test_slow_client_is_served_byte_by_byte(service: Running) -> None:
    sent = post(click("bytes"))
    with service.wire() as wire:
        for place in range(len(sent)):
            wire.send(sent[place : place + 1])
        assert wire.answer().status == 202


def test_body_that_does_not_come_in_time_is_a_408_and_ends_the_connection(service: Running) -> None:
    for sent in (
        post()[:-5],
        BEGUN + b"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n",
        in_chunks(b"{", end=b""),
    ):
        with service.wire() as wire:
            answer = wire.ask(sent)
            assert (answer.problem["status"], answer.headers["connection"]) == (408, "close")
            wire.no_more()
            assert wire.ended()


def test_rest_of_a_body_that_nobody_reads_may_come_and_the_connection_goes_on(service: Running) -> None:
    refused = post(b"x" * 5000, path="/nothing")
    with service.wire() as wire:
        assert wire.ask(refused[:-4000]).status == 404
        wire.send(refused[-4000:] + get())
        assert wire.answer().status == 200


def test_rest_of_a_body_that_nobody_reads_may_not_come_for_ever(service: Running) -> None:
    with service.wire() as wire:
        assert wire.ask(post(b"x" * 5000, path="/nothing")[:-4000]).status == 404
        assert wire.ended(within_s=BODY_WITHIN_S + 3)


def test_body_that_is_too_large_is_answered_while_its_sender_is_writing(service: Running) -> None:
    for sent in (post(b" " * (5 << 20)), in_chunks(*[b" " * 65_536] * 80)):
        with service.wire() as wire:
            wire.send(sent)
            answer = wire.answer()
            assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_idle_connection_is_kept_for_its_time_and_then_closed(service: Running) -> None:
    with service.wire() as wire, service.wire() as other:
        for each in (wire, other):
            assert each.ask(get()).status == 200
        assert not wire.ended(within_s=KEPT_S / 2)
        assert wire.ask(get()).status == 200
        assert wire.ended(within_s=KEPT_S + 2)
        assert other.ended(within_s=1)


def test_empty_lines_do_not_keep_a_connection(service: Running) -> None:
    with service.wire() as wire:
        assert wire.ask(get()).status == 200

        def gone() -> bool:
            try:
                wire.send(b"\r\n")
                return wire.ended(within_s=0.2)
            except OSError:
                return True

        assert wait_until(gone, KEPT_S + 3)


def test_client_that_reads_nothing_does_not_hold_up_the_others(service: Running) -> None:
    with service.wire() as deaf, service.wire() as wire:
        deaf.send(get("/apidocs/swagger-ui-bundle.js") * 200)
        (worker,) = service.workers()
        assert wire.ask(get()).status == 200
        assert worker.memory_info().rss < 200 << 20


def test_connection_that_is_reset_in_the_middle_harms_nobody(service: Running) -> None:
    for sent in (b"", b"GET /", post()[:-3], post(click("slow")), get("/apidocs/swagger-ui-bundle.js") * 20):
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(sent)
    with service.wire() as wire:
        assert wire.ask(get()).status == 200
    assert wait_until(lambda: clicks(service, "slow") > 0, SLOW_S + 5), "what is under way is stored all the same"
