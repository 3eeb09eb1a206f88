"""Requests that two servers could read in two ways, and forms of HTTP that are rare and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.api.server.process import BEGUN, click, clicks, get, in_chunks

if TYPE_CHECKING:
    from tests.unit.api.server.process import Running


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
def test_what_is_no_request_is_a_400_that_pages_can_read_and_is_counted(server: Running, name: str) -> None:
    before = server.counted(400)
    with server.wire() as wire:
        answer = wire.ask(NO_REQUESTS[name])
        assert answer.problem["status"] == 400, answer
        assert answer.headers["connection"] == "close"
        wire.no_more()
        assert wire.ended()
    assert server.counted(400) == before + 1


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
def test_damaged_chunks_are_a_400_and_nothing_of_them_is_stored(server: Running, name: str, together: bool) -> None:  # noqa: FBT001
    # What came before the damage is a whole event.
    head, event = in_chunks(end=b""), click("damaged")
    begun = head + b"%x\r\n%b" % (len(event), event)
    with server.wire() as wire:
        if together:
            wire.send(begun + DAMAGED_CHUNKS[name])
        else:
            wire.send(begun)
            wire.send(DAMAGED_CHUNKS[name])
        answer = wire.answer()
    assert (answer.problem["status"], answer.headers["connection"]) == (400, "close")
    assert clicks(server, "damaged") == 0


def test_trailers_are_read_over(server: Running) -> None:
    with server.wire() as wire:
        first = in_chunks(click("trailers"), end=b"0\r\nHost: evil\r\nX-Write-Key: k\r\nExpect: what\r\n\r\n")
        assert wire.ask(first).status == 202
        assert wire.ask(get()).status == 200


def test_chunks_in_any_cut_are_one_body(server: Running) -> None:
    event = click("cut")
    whole = in_chunks(event[:7], event[7:8], event[8:], end=b"000;last\r\nX: y\r\n\r\n")
    for size in (1, 2, 3, 5):
        with server.wire() as wire:
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
def test_rare_but_right_forms_are_understood(server: Running, name: str) -> None:
    with server.wire() as wire:
        assert wire.ask(FORMS[name]).status == 200


def test_whole_address_without_a_path_means_the_root(server: Running) -> None:
    for target in ("http://a", "http://a?x"):
        with server.wire() as wire, server.wire() as plain:
            assert wire.ask(get(target)).status == plain.ask(get("/")).status


@pytest.mark.parametrize("escape", ["%FF", "%00", "%C3%28", "%ED%A0%80", "%F0%9F%98%80", "%", "%zz", "%2e%2e", "\\"])
def test_no_escape_in_path_or_query_is_an_error_of_the_service(server: Running, escape: str) -> None:
    for target in (
        f"/{escape}",
        f"/apidocs/{escape}",
        f"/healthz?{escape}={escape}",
        f"/api/v1/events?write_key={escape}",
    ):
        for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
            with server.wire() as wire:
                wire.send(get(target, method=method))
                assert wire.answer(to_head=method == "HEAD").status < 500, (method, target)


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "TRACE", "PROPFIND", "M-SEARCH", "QUERY", "SOURCE", "LINK", "PURGE"]
)
def test_no_method_is_an_error_of_the_service(server: Running, method: str) -> None:
    with server.wire() as wire:
        assert 400 <= wire.ask(get("/api/v1/events", method=method)).problem["status"] < 500
