"""Bodies as gunicorn's protocol hands them on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from api.server.protocol import WAKE_AT_BYTES, GatheredBody


def body() -> GatheredBody:
    request = SimpleNamespace(content_length=None, chunked=True)
    return GatheredBody(request, SimpleNamespace(_closed=False, cfg=SimpleNamespace(timeout=30)))


async def turns() -> None:
    """Let everything that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def all_of(receiver: GatheredBody) -> list[bytes]:
    parts: list[bytes] = []
    more = True
    while more:
        event: dict[str, Any] = await receiver.receive()
        parts.append(event["body"])
        more = event["more_body"]
    return parts


def test_a_body_in_many_pieces_wakes_its_reader_when_it_is_all_there() -> None:
    async def scenario() -> None:
        receiver = body()
        reading = asyncio.create_task(receiver.receive())
        await turns()
        for letter in b"abc" * 1000:
            receiver.feed(bytes([letter]))
            await turns()
            assert not reading.done()
        receiver.set_complete()
        assert await reading == {"type": "http.request", "body": b"abc" * 1000, "more_body": False}

    asyncio.run(scenario())


def test_a_large_body_is_handed_on_before_all_of_it_is_there() -> None:
    async def scenario() -> None:
        receiver = body()
        reading = asyncio.create_task(receiver.receive())
        await turns()
        for _ in range(WAKE_AT_BYTES):
            receiver.feed(b"x")
        event = await reading
        assert (len(event["body"]), event["more_body"]) == (WAKE_AT_BYTES, True)
        rest = asyncio.create_task(all_of(receiver))
        await turns()
        receiver.feed(b"the ")
        receiver.feed(b"rest")
        receiver.set_complete()
        assert b"".join(await rest) == b"the rest"

    asyncio.run(scenario())


def test_a_client_that_leaves_in_the_middle_is_noticed() -> None:
    async def scenario() -> None:
        receiver = body()
        reading = asyncio.create_task(receiver.receive())
        await turns()
        receiver.feed(b"x")
        receiver.signal_disconnect()
        assert await reading == {"type": "http.disconnect"}

    asyncio.run(scenario())
