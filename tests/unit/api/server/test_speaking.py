"""HTTP/1.1 as clients speak it, byte by byte over sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.api.server.process import PAGE, click, clicks, get, in_chunks, post

if TYPE_CHECKING:
    from tests.unit.api.server.process import Running


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
def test_other_protocol_gets_a_status_that_is_counted(server: Running, name: str) -> None:
    sent, status = OTHERS[name]
    before = server.counted(status)
    with server.wire() as wire:
        answer = wire.ask(sent)
        assert answer.problem["status"] == status
        wire.no_more()
        assert wire.ended()
    assert server.counted(status) == before + 1


def test_wish_for_another_protocol_that_can_be_ignored_is_ignored(server: Running) -> None:
    wish = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    with server.wire() as wire:
        assert wire.ask(post(click("h2c"), *wish)).status == 202
        assert wire.ask(get("/healthz", *wish)).status == 200
        half = post(click("h2c"), *wish)
        for start in range(0, len(half), 50):
            wire.send(half[start : start + 50])
        assert wire.answer().status == 202
    assert clicks(server, "h2c") == 2


EARLY = {
    400: f"GET /healthz HTTP/1.1\r\nOrigin: {PAGE}\r\nHost: a\r\nHost: b\r\n\r\n".encode(),
    405: OTHERS["proxy"][0],
    414: get("/" + "a" * 8190, f"Origin: {PAGE}"),
    417: post(None, "Expect: 200-ok", f"Origin: {PAGE}"),
    426: OTHERS["WebSocket"][0],
    431: get("/healthz", f"Origin: {PAGE}", "Cookie: " + "a" * 16_384),
}


@pytest.mark.parametrize("status", EARLY)
def test_page_can_read_what_is_refused_before_the_application(server: Running, status: int) -> None:
    before = server.counted(status)
    with server.wire() as wire:
        answer = wire.ask(EARLY[status])
    assert answer.problem["status"] == status
    assert answer.headers["access-control-allow-origin"] in {PAGE, "*"}
    assert (answer.headers["connection"], "date" in answer.headers) == ("close", True)
    assert server.counted(status) == before + 1


def test_refused_page_is_told_so_while_it_is_still_writing(server: Running) -> None:
    with server.wire() as wire:
        wire.send(get("/healthz", f"Origin: {PAGE}", "X: " + "a" * 8190)[:-2])
        wire.send(b"b" * 500_000)
        answer = wire.answer()
        assert (answer.status, answer.headers["access-control-allow-origin"] in {PAGE, "*"}) == (431, True)


def test_two_requests_in_one_write_are_answered_in_order(server: Running) -> None:
    with server.wire() as wire:
        wire.send(post(click("first")) + post(b"{}") + get() + post(click("second")))
        assert [wire.answer().status for _ in range(4)] == [202, 400, 200, 202]
    assert [event["user_id"] for event in server.events() if event["user_id"] in {"first", "second"}] == [
        "first",
        "second",
    ]


def test_many_requests_in_one_write_are_answered_in_order(server: Running) -> None:
    with server.wire() as wire:
        wire.send(b"".join(get(f"/{n}" if n % 2 else "/healthz") for n in range(500)))
        assert [wire.answer().status for _ in range(500)] == [200, 404] * 250
        assert wire.ask(get()).status == 200


def test_request_behind_a_slow_one_waits_for_its_turn(server: Running) -> None:
    with server.wire() as wire:
        wire.send(post(click("slow")) + get()[:20])
        wire.send(get()[20:])
        assert [wire.answer().status for _ in range(2)] == [202, 200]


def test_request_behind_chunks_is_answered_or_the_connection_ends_by_announcement(server: Running) -> None:
    with server.wire() as wire:
        wire.send(in_chunks(click("chunks")) + get())
        answer = wire.answer()
        assert answer.status == 202
        if answer.headers.get("connection") == "close":
            wire.no_more()
            assert wire.ended()
        else:
            assert wire.answer().status == 200
    with server.wire() as wire:
        for _ in range(3):
            assert wire.ask(in_chunks(click("chunks"))).status == 202
        assert wire.ask(post(click("chunks"))).status == 202


def test_last_request_of_a_client_is_its_last(server: Running) -> None:
    for last in (get("/healthz", "Connection: close"), get("/healthz", "Connection: x", "Connection: Close")):
        with server.wire() as wire:
            wire.send(last + get())
            answer = wire.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert wire.ended()


def test_client_that_closes_its_side_is_answered(server: Running) -> None:
    for sent, status in ((get(), 200), (post(click("half")), 202), (post(click("slow")), 202), (post()[:-5], 400)):
        with server.wire() as wire:
            wire.send(sent)
            wire.no_more()
            assert wire.answer().status == status
            assert wire.ended()


@pytest.mark.parametrize("sent", [post(click("expecting")), in_chunks(click("expecting"))])
def test_client_that_waits_for_a_100_gets_it_at_once(server: Running, sent: bytes) -> None:
    head, _, body = sent.partition(b"\r\n\r\n")
    with server.wire() as wire:
        assert wire.ask(head + b"\r\nExpect: 100-Continue\r\n\r\n").status == 100
        assert wire.ask(body).status == 202
        assert wire.ask(get()).status == 200


def test_client_that_does_not_wait_gets_no_100(server: Running) -> None:
    with server.wire() as wire:
        assert wire.ask(post(click("hasty"), "Expect: 100-continue")).status == 202
        assert wire.ask(get("/healthz", "Expect: 100-continue")).status == 200
    with server.wire() as wire:
        old = post(click("old"), "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
        assert wire.ask(old).status == 202


UNWANTED = {
    "too large": (f"Content-Length: {2 << 20}", "/api/v1/events", 413),
    "no such path": ("Content-Length: 20", "/nothing", 404),
    "another type": ("Content-Type: text/html\r\nContent-Length: 20", "/api/v1/events", 415),
}


@pytest.mark.parametrize("name", UNWANTED)
def test_body_that_is_not_wanted_is_not_asked_for(server: Running, name: str) -> None:
    lines, path, status = UNWANTED[name]
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{lines}\r\n\r\n"
    if "Content-Type" not in head:
        head = head.replace("Host: a", "Host: a\r\nContent-Type: application/json")
    with server.wire() as wire:
        answer = wire.ask(head.encode())
        # Whether the body comes now is not known, and so the next request could not be found.
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        wire.no_more()
        assert wire.ended()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/apidocs", "/apidocs/start.js"])
def test_head_is_answered_as_get_without_the_body(server: Running, path: str) -> None:
    with server.wire() as wire:
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


def test_head_of_what_takes_no_get_says_so(server: Running) -> None:
    with server.wire() as wire:
        wire.send(get("/api/v1/events", method="HEAD"))
        answer = wire.answer(to_head=True)
        assert (answer.status, "POST" in answer.headers["allow"]) == (405, True)
        assert "HEAD" in wire.ask(get("/healthz", method="DELETE")).headers["allow"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Кинотеатр/1.0 (Android 14)".encode(), "Кинотеатр/1.0 (Android 14)"),
        (b"Cin\xe9ma/1.0", "Cinéma/1.0"),
        (b"Cin\xc3\xa9ma/1.0 caf\xe9", "CinÃ©ma/1.0 café"),
        (b"plain/1.0", "plain/1.0"),
    ],
)
def test_user_agent_is_stored_as_it_was_sent(server: Running, sent: bytes, stored: str) -> None:
    user = sent.hex()
    with server.wire() as wire:
        assert wire.ask(post(click(user)).replace(b"Host: a", b"Host: a\r\nUser-Agent: " + sent)).status == 202
    assert [event["user_agent"] for event in server.events() if event["user_id"] == user] == [stored]
