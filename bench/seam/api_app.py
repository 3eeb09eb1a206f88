"""The API as it is, but for its broker, which acknowledges at once. Made from the tree that it runs in."""

from __future__ import annotations

import os

from api.app import create_app
from api.configuration.settings import read_settings
from api.pipeline.clock import now_ms
from api.pipeline.uuid7 import Uuid7


class AtOnce:
    """See `api.sink.interface.Sink`."""

    async def start(self) -> None:
        pass

    async def send(self, value: bytes, key: bytes | None = None) -> None:
        pass

    async def flush(self, timeout_s: float) -> None:
        pass

    async def close(self, wait_s: float = 0.0) -> None:
        pass

    def ready(self) -> bool:
        return True


app = create_app(read_settings(os.environ), AtOnce(), now_ms, Uuid7())
