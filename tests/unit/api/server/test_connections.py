"""How many connections there may be, how long each may wait, and what becomes of answers that go wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvloop

from api.server.connections import Connections
from api.server.protocol import Connection
from api.server.waiting import Waiting
from tests.unit.api.server.process import get, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    App = Callable[[Any, Any, Any], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"


async def answering(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"!"})


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes = get()) -> bytes:
        """The first line of the answer, of which the rest has one byte behind its head."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b"content-length: 1\r\n" in head:
            await self.reader.readexactly(1)
        return head.partition(b"\n")[0] + b"\n"

    async def ended(self, within_s: float = 0.2) -> bool:
        try:
            async with asyncio.timeout(within_s):
                return await self.reader.read(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


class Served:
    def __init__(self, app: App, **limits: Any) -> None:
        given = {"keepalive_s": 60, "body_within_s": 60, "max_open": 100, "max_requests": None, "enough": lambda: None}
        loop = asyncio.get_running_loop()
        self.connections = Connections(app, {}, loop, **{**given, **limits})
        self.port = 0
        self._clients: list[Client] = []

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self._clients.append(client)
        return client

    def leave(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()


@asynccontextmanager
async def served(app: App = answering, **limits: Any) -> AsyncIterator[Served]:
    on = Served(app, **limits)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(on.connections), "127.0.0.1", 0)
    on.port = server.sockets[0].getsockname()[1]
    try:
        yield on
    finally:
        on.leave()
        server.close()
        async with asyncio.timeout(5):
            while on.connections.open:  # noqa: ASYNC110 - nothing is left of any connection
                await asyncio.sleep(0.01)


def test_longest_idle_connection_ends_when_there_are_too_many() -> None:
    async def scenario() -> None:
        async with served(max_idle=3) as on:
            clients = [await on.client() for _ in range(5)]
            for client in (*clients, clients[2]):
                assert await client.ask() == OK
            assert [await client.ended() for client in clients] == [True, True, False, False, False]
            assert await clients[2].ask() == OK

    uvloop.run(scenario())


def test_connection_too_many_takes_the_place_of_an_idle_one_or_is_refused() -> None:
    async def scenario() -> None:
        async with served(max_open=2) as on:
            idle, begun, third = await on.client(), await on.client(), await on.client()
            begun.writer.write(get()[:5])
            assert (await third.ask()).startswith(b"HTTP/1.1 503 ")
            assert await third.ended()
            assert await idle.ask() == OK
            fourth = await on.client()
            assert await fourth.ask() == OK, "in the place of one that has only to go"
            assert not await idle.ended()
            fifth = await on.client()
            assert await fifth.ask() == OK
            assert await idle.ended()
            assert await begun.ask(get()[5:]) == OK

    uvloop.run(scenario())


def test_worker_has_enough_after_its_requests_and_says_so_from_then_on() -> None:
    async def scenario() -> None:
        enough: list[None] = []
        async with served(max_requests=2, enough=lambda: enough.append(None)) as on:
            client = await on.client()
            assert await client.ask() == OK
            assert enough == []
            assert await client.ask() == OK
            assert await client.ended()
            assert enough == [None]
            other = await on.client()
            assert await other.ask() == OK
            assert await other.ended()
            assert enough == [None]

    uvloop.run(scenario())


async def raising(_scope: Any, _receive: Any, _send: Any) -> None:
    raise KeyError("secret")


async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
    pass


async def breaking_off(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"!", "more_body": True})
    raise KeyError("secret")


@pytest.mark.parametrize("app", [raising, silent])
def test_application_that_does_not_answer_is_answered_for(app: App, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with served(app) as on:
            client = await on.client()
            assert (await client.ask()).startswith(b"HTTP/1.1 500 ")
            assert await client.ended()

    uvloop.run(scenario())
    assert "secret" not in caplog.text


def test_answer_that_breaks_off_is_seen_to_be_none(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with served(breaking_off) as on:
            client = await on.client()
            client.writer.write(get())
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await client.reader.readuntil(b"0\r\n\r\n")

    uvloop.run(scenario())
    assert "secret" not in caplog.text


def test_answer_is_made_only_as_fast_as_it_is_read() -> None:
    pieces = 0

    async def pouring(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal pieces
        await send({"type": "http.response.start", "status": 200})
        for _ in range(200):
            await send({"type": "http.response.body", "body": b"x" * 500_000, "more_body": True})
            pieces += 1
        await send({"type": "http.response.body"})

    async def scenario() -> None:
        async with served(pouring) as on:
            client = await on.client()
            client.writer.write(get())
            await asyncio.sleep(0.3)
            assert 0 < pieces < 50, "the rest waits"
            assert len(await client.reader.readuntil(b"\r\n\r\n")) > 0
            while not (await client.reader.read(1 << 20)).endswith(b"\r\n0\r\n\r\n"):
                pass
            assert pieces == 200
            assert (await client.ask()) == OK

    uvloop.run(scenario())


def test_answer_without_an_end_ends_when_the_worker_does() -> None:
    told: list[str] = []

    async def endless(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"!", "more_body": True})
        told.append((await receive())["type"])
        await send({"type": "http.response.body"})

    async def scenario() -> None:
        async with served(endless) as on:
            client = await on.client()
            client.writer.write(get())
            await client.reader.readuntil(b"!")
            assert on.connections.busy
            on.connections.end_idle()
            await client.reader.readuntil(b"\r\n0\r\n\r\n")
            assert await client.ended()
        assert told == ["http.disconnect"]

    uvloop.run(scenario())


def test_nothing_is_left_of_a_client_that_goes() -> None:
    async def waiting(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await answering(_scope, receive, send)

    async def scenario() -> None:
        async with served(waiting) as on:
            for sent in (b"", get()[:9], get(), post()[:-3], get() * 9):
                client = await on.client()
                client.writer.write(sent)
                await asyncio.sleep(0.02)
        for queue in ("heads", "idle", "skipped", "unread", "ending"):
            assert not getattr(on.connections, queue)
        assert not on.connections.exchanges

    uvloop.run(scenario())


def test_who_waits_too_long_is_late_and_nobody_else() -> None:
    late: list[str] = []
    waiting = Waiting[str](10, late.append)
    for who, since in (("a", 0.0), ("b", 1.0), ("c", 2.0)):
        waiting.enter(who, since)
    waiting.leave("b")
    waiting.leave("b")
    assert not waiting.sweep(9.9, most=9)
    assert late == []
    assert not waiting.sweep(11.5, most=9)
    assert (late, len(waiting), waiting.longest()) == (["a"], 1, "c")
    assert not waiting.sweep(12, most=9)
    assert (late, len(waiting)) == (["a", "c"], 0)


def test_of_many_who_are_late_together_some_are_let_go_at_once() -> None:
    late: list[int] = []
    waiting = Waiting[int](1, late.append)
    for who in range(5):
        waiting.enter(who, 0.0)
    assert [waiting.sweep(2, most=2) for _ in range(3)] == [True, True, False]
    assert late == [0, 1, 2, 3, 4]


def test_head_has_one_deadline_from_the_connection_to_its_end() -> None:
    async def scenario() -> None:
        async with served() as on:
            client = await on.client()
            await asyncio.sleep(0.1)
            first = on.connections.heads.longest()
            other = await on.client()
            await asyncio.sleep(0.1)
            client.writer.write(get()[:5])
            await asyncio.sleep(0.1)
            assert on.connections.heads.longest() is first, "the first byte begins nothing anew"
            assert await client.ask(get()[5:]) == OK
            assert (len(on.connections.heads), len(on.connections.idle)) == (1, 1)
            client.writer.write(get()[:5])
            await asyncio.sleep(0.1)
            assert (len(on.connections.heads), len(on.connections.idle)) == (2, 0)
            assert on.connections.heads.longest() is not first
            del other

    uvloop.run(scenario())
