from __future__ import annotations

import pytest

from bench.traffic.audience import Audience


@pytest.fixture
def audience() -> Audience:
    return Audience(people=3_000, per_day=500, run_id="test", day_end_ms=1_800_000_000_000)
