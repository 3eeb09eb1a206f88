"""Single events of a worker, joined into one message."""

from __future__ import annotations

import asyncio

import pytest

from api.sink.interface import SinkUnavailableError
from api.sink.joining import Joiner


class HeldSink:
    """Acknowledges when it is told to."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.was_sent = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def start(self) -> None: ...

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        assert key is None
        self.messages.append(value)
        self.was_sent.set()
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error

    async def flush(self, timeout_s: float) -> None: ...

    async def close(self, wait_s: float = 1.0) -> None: ...

    def ready(self) -> bool:
        return True


def test_concurrent_lines_become_one_message_and_all_wait_for_its_acknowledgement() -> None:
    async def scene() -> None:
        sink = HeldSink()
        joiner = Joiner(sink)
        senders = [asyncio.create_task(joiner.send(b"%d\n" % number)) for number in range(3)]
        await sink.was_sent.wait()
        assert sink.messages == [b"0\n1\n2\n"]
        assert not any(sender.done() for sender in senders)
        sink.may_answer.set()
        await asyncio.gather(*senders)

    asyncio.run(scene())


def test_failure_is_everybodys_and_a_sender_that_left_harms_nobody() -> None:
    async def scene() -> None:
        sink = HeldSink()
        sink.error = SinkUnavailableError("away")
        joiner = Joiner(sink)
        one, other, gone = (asyncio.create_task(joiner.send(b"x\n")) for _ in range(3))
        await asyncio.sleep(0)
        gone.cancel()
        sink.may_answer.set()
        for sender in (one, other):
            with pytest.raises(SinkUnavailableError):
                await sender

    asyncio.run(scene())


def test_message_is_sent_at_once_when_it_is_large_enough() -> None:
    async def scene() -> None:
        sink = HeldSink()
        sink.may_answer.set()
        joiner = Joiner(sink, join_for_s=3600, join_up_to=4)
        await asyncio.gather(joiner.send(b"1\n"), joiner.send(b"2\n"))
        assert sink.messages == [b"1\n2\n"]

    asyncio.run(scene())


def test_flush_sends_what_still_waits_for_company() -> None:
    async def scene() -> None:
        sink = HeldSink()
        sink.may_answer.set()
        joiner = Joiner(sink, join_for_s=3600)
        sender = asyncio.create_task(joiner.send(b"1\n"))
        await asyncio.sleep(0)
        await joiner.flush()
        await sender
        assert sink.messages == [b"1\n"]

    asyncio.run(scene())
