"""tests/integration/clickhouse/test_live_changes.py on Apache Kafka."""

from __future__ import annotations

from tests.integration.clickhouse.queue.test_live_changes import *  # noqa: F403
