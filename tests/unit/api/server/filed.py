"""The service as it is, with a file in the place of the broker; what the user `slow` does, it acknowledges slowly."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from api.app import create_app
from api.configuration.settings import read_settings
from api.pipeline.clock import now_ms
from api.pipeline.uuid7 import Uuid7
from tests.unit.api.server.process import SLOW_S


class FileSink:
    """See `api.sink.interface.Sink`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def start(self) -> None:
        self._file.touch()

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        assert key is None
        if b'"user_id":"slow"' in value:
            await asyncio.sleep(SLOW_S)
        with self._file.open("ab") as file:
            file.write(value)

    async def flush(self, timeout_s: float) -> None:
        assert timeout_s > 0

    async def close(self, wait_s: float = 6.0) -> None:
        assert wait_s > 0
        # So much was there when it was closed, and nothing may come after.
        self._file.with_suffix(".closed").write_text(str(self._file.stat().st_size))

    def ready(self) -> bool:
        return True


app = create_app(read_settings(os.environ), FileSink(Path(os.environ["UGC_TEST_FILE"])), now_ms, Uuid7())
