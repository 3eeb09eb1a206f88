"""Which tests have the machine to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALONE = ("api", "faults", "kafka", "integration/clickhouse/queue", "integration/test_event_flow.py")
"""They measure pauses, rates and delays, or fill the machine with load.

Schemathesis gives the tests of all operations one name, and pytest-xdist would run only one of them.
"""
BESIDE_OTHERS = (
    "kafka/clickhouse/test_doctor.py",
    "kafka/clickhouse/test_upgrade.py",
    "kafka/common",
    "kafka/test_security.py",
)
"""Of those folders, what does neither."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(HERE)
        if any(map(place.is_relative_to, ALONE)) and not any(map(place.is_relative_to, BESIDE_OTHERS)):
            item.add_marker(pytest.mark.alone)
