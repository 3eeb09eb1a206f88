"""The API as the embedded stack runs it: the same application, with its sink behind the gate of the embedded broker.

While the stack holds the gate (`local.gate`), requests wait for a moment instead of failing. A new producer is
created afterwards, because the topic, or the whole broker, may be a new one that does not know the old producer.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from api.app import create_app
from api.pipeline.clock import now_ms
from api.pipeline.uuid7 import Uuid7
from api.sink.interface import CLOSE_WAIT_S, SinkUnavailableError
from api.sink.kafka import KafkaSink
from local.gate import PROBE_INTERVAL_S, Passer
from local.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from api.sink.interface import Sink

# A hold takes a fraction of a second; a request that waited longer than this is better sent again by its client.
PATIENCE_S: Final = 3.0
# How long a hold waits for acknowledgements before it fails what is on its way: a dead broker sends none.
FINISH_S: Final = 1.0


class GatedSink:
    """See `api.sink.interface.Sink`: passes everything on to a sink that exists only while the gate is open."""

    def __init__(self, folder: Path, lanes: int, make_sink: Callable[[int], Sink]) -> None:
        """`make_sink` is given the partition that is this worker's own, one of `lanes`."""
        self._folder = folder
        self._lanes = lanes
        self._make_sink = make_sink
        self._sink: Sink | None = None
        self._open = asyncio.Event()
        self._on_their_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._close_wait_s = CLOSE_WAIT_S
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._watcher = asyncio.create_task(self._watch(Passer(self._folder)))

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        sink = self._sink or await self._wait_for_sink()
        self._on_their_way += 1
        self._idle.clear()
        try:
            await sink.send(value, key)
        finally:
            self._on_their_way -= 1
            if not self._on_their_way:
                self._idle.set()

    async def flush(self, timeout_s: float) -> None:
        if self._sink:
            await self._sink.flush(timeout_s)

    async def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        if self._watcher:
            self._close_wait_s = wait_s
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher

    def ready(self) -> bool:
        return self._sink is not None and self._sink.ready()

    async def _wait_for_sink(self) -> Sink:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self._sink is None:
                    await self._open.wait()
        except TimeoutError as error:
            raise SinkUnavailableError("the broker is being started again") from error
        return self._sink

    async def _watch(self, passer: Passer) -> None:
        """Follow the gate: a sink while it is open, none while it is held."""
        try:
            while (lane := passer.claim_lane(self._lanes)) is None:  # noqa: ASYNC110 - another process frees it
                await asyncio.sleep(PROBE_INTERVAL_S)
            while True:
                if self._sink is None and passer.try_enter():
                    sink = self._make_sink(lane)
                    await sink.start()
                    self._sink = sink
                    self._open.set()
                elif self._sink is not None and passer.hold_wanted():
                    await self._let_go(FINISH_S)
                    passer.leave()
                await asyncio.sleep(PROBE_INTERVAL_S)
        finally:
            await self._let_go(self._close_wait_s)
            passer.close()

    async def _let_go(self, finish_s: float) -> None:
        """Take no more, finish what is on its way within `finish_s` seconds, and fail the rest."""
        sink, self._sink = self._sink, None
        self._open.clear()
        if sink is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(finish_s):
                await self._idle.wait()
        await sink.close(0.0)


_settings = read_settings(os.environ)
_service = _settings.service
_sink = GatedSink(
    _settings.folder / "gate", _settings.partitions, lambda lane: KafkaSink(_service.brokers, partition=lane)
)
app = create_app(_service, _sink, now_ms, Uuid7())
