"""tests/integration/clickhouse/test_upgrade.py on Apache Kafka."""

from __future__ import annotations

from tests.integration.clickhouse.schema.test_upgrade import *  # noqa: F403
