from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One running stack for all integration tests; each test keeps to people and ids of its own."""
    running = Stack(tmp_path_factory.mktemp("stack")).start()
    yield running
    assert running.stop() == 0
