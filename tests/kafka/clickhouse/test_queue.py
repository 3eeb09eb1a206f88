"""tests/integration/clickhouse/test_queue.py on Apache Kafka."""

from __future__ import annotations

from tests.integration.clickhouse.queue.test_queue import *  # noqa: F403
