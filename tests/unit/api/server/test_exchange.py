"""A request's body as the application gets it, and its answer as the connection gets it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.server.deadlines import WHOLE_BODY
from api.server.exchange import WAKE_AT_BYTES, AnswerError, Exchange
from api.server.heads import Request

START = {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]}
REQUEST = Request("POST", "1.1", b"/", b"", [], None, expects=False, keep_alive=True, upgrade=False)


class Line:
    """What an exchange knows of its connection."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.blocked = False
        self.written = b""
        self.ends = 0
        self.ran_with: list[Exchange] = []

    def write(self, data: bytes) -> None:
        self.written += data

    def read_on(self) -> None:
        pass

    def begin_answer(self) -> tuple[bytes, bool]:
        return b"date: now\r\n", False

    def answered(self) -> None:
        self.ends += 1

    def ran(self, exchange: Exchange) -> None:
        self.ran_with.append(exchange)


def exchange(line: Line | None = None, request: Request = REQUEST) -> Exchange:
    scope = {"method": request.method, "http_version": request.version}
    return Exchange(line or Line(), scope, request)  # type: ignore[arg-type]


async def turns() -> None:
    """Let everything that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def reading(one: Exchange) -> asyncio.Task[dict[str, Any]]:
    """Ask for the body, in earnest."""
    assert await one.receive() == {"type": "http.request", "body": b"", "more_body": True}
    task = asyncio.create_task(one.receive())
    await turns()
    return task


async def all_of(one: Exchange) -> list[bytes]:
    parts: list[bytes] = []
    more = True
    while more:
        event = await one.receive()
        parts.append(event["body"])
        more = event["more_body"]
    return parts


def test_a_body_in_many_pieces_wakes_its_reader_when_it_is_all_there() -> None:
    async def scenario() -> None:
        one = exchange()
        task = await reading(one)
        for letter in b"abc" * 1000:
            one.feed(bytes([letter]))
            await turns()
            assert not task.done()
        one.finish()
        assert await task == {"type": "http.request", "body": b"abc" * 1000, "more_body": False}

    asyncio.run(scenario())


def test_a_large_body_is_handed_on_before_all_of_it_is_there() -> None:
    async def scenario() -> None:
        one = exchange()
        task = await reading(one)
        for _ in range(WAKE_AT_BYTES):
            one.feed(b"x")
        event = await task
        assert (len(event["body"]), event["more_body"]) == (WAKE_AT_BYTES, True)
        rest = asyncio.create_task(all_of(one))
        await turns()
        one.feed(b"the ")
        one.feed(b"rest")
        one.finish()
        assert b"".join(await rest) == b"the rest"

    asyncio.run(scenario())


def test_a_client_that_leaves_in_the_middle_is_noticed() -> None:
    async def scenario() -> None:
        one = exchange()
        task = await reading(one)
        one.feed(b"x")
        one.end(lost=True)
        assert await task == {"type": "http.disconnect"}

    asyncio.run(scenario())


def test_a_client_that_leaves_behind_its_body_is_noticed_by_who_asks() -> None:
    async def scenario() -> None:
        one = exchange()
        one.feed(b"x")
        one.finish()
        assert await all_of(one) == [b"x"]
        task = asyncio.create_task(one.receive())
        await turns()
        assert not task.done()
        one.end(lost=True)
        assert await task == {"type": "http.disconnect"}

    asyncio.run(scenario())


def test_the_application_is_told_that_the_whole_body_is_there() -> None:
    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        assert WHOLE_BODY in scope["extensions"]

    async def scenario() -> None:
        line = Line()
        one = exchange(line)
        one.finish()
        await one.run(app)
        assert line.ran_with == [one]

    asyncio.run(scenario())


def answer(*messages: dict[str, Any], **request: Any) -> tuple[bytes, Exchange]:
    """What is written when the application sends this."""

    async def scenario() -> tuple[bytes, Exchange]:
        line = Line()
        fields = {name: getattr(REQUEST, name) for name in Request.__struct_fields__}
        one = exchange(line, Request(**{**fields, "length": 0, **request}))
        one.finish()
        for message in messages:
            await one.send(message)
        assert line.ends == (1 if one.answered else 0)
        return line.written, one

    return asyncio.run(scenario())


def body(piece: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": piece, "more_body": more}


HEAD = b"HTTP/1.1 200 OK\r\ndate: now\r\nx: y\r\n"


def test_an_answer_in_one_piece_has_its_length() -> None:
    written, one = answer(START, body(b"abc"))
    assert written == HEAD + b"content-length: 3\r\n\r\nabc"
    assert one.keep_alive


def test_an_answer_in_pieces_goes_in_chunks() -> None:
    written, one = answer(START, body(b"ab", more=True), body(b"", more=True), body(b"c"))
    assert written == HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert one.keep_alive


def test_an_answer_in_pieces_to_http_1_0_goes_on_until_the_connection_ends() -> None:
    written, one = answer(START, body(b"ab", more=True), body(b"c"), version="1.0", keep_alive=False)
    assert written == HEAD + b"connection: close\r\n\r\nabc"
    assert not one.keep_alive


def test_an_answer_that_says_its_length_keeps_to_it() -> None:
    start = {**START, "headers": [(b"content-length", b"3")]}
    head = b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 3\r\n\r\n"
    assert answer(start, body(b"ab", more=True), body(b"c"))[0] == head + b"abc"
    for wrong in (b"ab", b"abcd"):
        with pytest.raises(AnswerError):
            answer(start, body(wrong))


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_none(status: int) -> None:
    written, one = answer({**START, "status": status}, body(b""))
    assert written.endswith(b"\r\nx: y\r\n\r\n")
    assert one.keep_alive


def test_an_application_that_ends_the_connection_says_so_once() -> None:
    written, one = answer({**START, "headers": [(b"connection", b"Close")]}, body(b""))
    assert written.count(b"connection: close") == written.lower().count(b"connection") == 1
    assert not one.keep_alive


@pytest.mark.parametrize("header", [(b"x", b"a\r\nset-cookie: b"), (b"x\r\ny", b"z"), (b"x", b"a\nb"), (b"x", b"a\rb")])
def test_a_header_cannot_become_two(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="line break"):
        answer({**START, "headers": [header]}, body(b""))


@pytest.mark.parametrize(
    "messages",
    [[body(b"")], [START, START], [START, body(b""), body(b"")], [START, {"type": "http.response.trailers"}]],
)
def test_an_application_that_breaks_the_rules_is_told(messages: list[dict[str, Any]]) -> None:
    with pytest.raises(AnswerError):
        answer(*messages)


def test_whoever_cannot_be_reached_is_written_nothing() -> None:
    async def scenario() -> None:
        line = Line()
        one = exchange(line)
        one.end(lost=True)
        line.blocked = True
        await one.send(START)
        await one.send(body(b"abc"))
        assert line.written == b""

    asyncio.run(scenario())
