"""Which tests have the machine to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALONE = (
    *("api", "faults", "kafka", "integration/clickhouse/queue", "integration/test_event_flow.py"),
    "unit/api/pipeline/test_costs.py",
)
"""They measure pauses, rates, delays and costs, or fill the machine with load.

Schemathesis gives the tests of all operations one name, and pytest-xdist would run only one of them.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(HERE)
        if any(place.is_relative_to(each) for each in ALONE):
            item.add_marker(pytest.mark.alone)
