"""tests/integration/clickhouse/test_doctor.py on Apache Kafka."""

from __future__ import annotations

from tests.integration.clickhouse.doctor.test_doctor import *  # noqa: F403
