from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def keyed_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack that wants a write key."""
    running = Stack(tmp_path_factory.mktemp("keyed"), UGC_WRITE_KEYS="web:web-key-of-tests").with_schema().start()
    yield running
    assert running.stop() == 0
