"""tests/integration/clickhouse/test_consumption.py on Apache Kafka."""

from __future__ import annotations

from tests.integration.clickhouse.queue.test_consumption import *  # noqa: F403
