"""A sink whose messages are counted and timed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from api.sink.interface import CLOSE_WAIT_S

if TYPE_CHECKING:
    from api.sink.interface import Sink
    from api.telemetry.metrics import Metrics


class MeasuredSink:
    """See `api.sink.interface.Sink`."""

    def __init__(self, sink: Sink, metrics: Metrics) -> None:
        self._sink = sink
        self._metrics = metrics

    async def start(self) -> None:
        await self._sink.start()

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        self._metrics.waiting.inc()
        began = time.perf_counter()
        outcome = "failed"
        try:
            await self._sink.send(value, key)
            outcome = "acknowledged"
        finally:
            self._metrics.ack(outcome).observe(time.perf_counter() - began)
            self._metrics.waiting.dec()

    async def flush(self, timeout_s: float) -> None:
        await self._sink.flush(timeout_s)

    async def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        await self._sink.close(wait_s)

    def ready(self) -> bool:
        return self._sink.ready()
