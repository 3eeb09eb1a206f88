"""Apache Kafka for the tests of this folder, and a stack that is the same as everywhere but for its broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.kafka import KafkaBroker
from tests.support.kafka_tools import class_path, java
from tests.support.stack import Stack
from tests.support.tools import need

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    need(java, class_path)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One broker for all that do not hurt it."""
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka")).start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def stack(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack in front of that broker; each test keeps to people and ids of its own."""
    running = Stack(tmp_path_factory.mktemp("stack"), **kafka.variables()).with_schema().start()
    yield running
    assert running.stop() == 0
