from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.local_clickhouse.process import Server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("clickhouse"))
    yield running
    assert running.stop() == 0
