"""The integration tests once more, on Apache Kafka: UGC_KAFKA_BOOTSTRAP is all that differs."""

from __future__ import annotations

from tests.integration.test_broken_messages import *  # noqa: F403
from tests.integration.test_duplicates import *  # noqa: F403
from tests.integration.test_event_flow import *  # noqa: F403
from tests.integration.test_refused_requests import *  # noqa: F403
