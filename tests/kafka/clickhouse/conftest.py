"""The fixtures of tests/integration/clickhouse, over a broker of Apache Kafka for each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.topic import Topic
from tests.integration.clickhouse.conftest import Kafka, client, empty, settings  # noqa: F401 - fixtures
from tests.support.kafka import KafkaBroker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka")).start()
    try:
        Topic(broker.bootstrap, partitions=1, replication_factor=1).create()
        yield Kafka(int(broker.bootstrap.rpartition(":")[2]), broker.process)
    finally:
        broker.kill()
