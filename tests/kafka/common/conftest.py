"""Apache Kafka for the topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.kafka import KafkaBroker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka")).start()
    yield broker.bootstrap
    broker.kill()
