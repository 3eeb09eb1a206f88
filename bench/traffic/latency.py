"""Latencies in constant memory: a histogram whose buckets grow by one percent."""

from __future__ import annotations

import math
from typing import Final

_GROWTH: Final = math.log(1.01)
_SMALLEST_MS: Final = 0.01


class Latencies:
    """Counts durations; percentiles are right within one percent, the longest is exact."""

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        self.longest_ms = 0.0

    def add(self, milliseconds: float) -> None:
        """Count one duration."""
        bucket = int(math.log(max(milliseconds, _SMALLEST_MS) / _SMALLEST_MS) / _GROWTH)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1
        self.longest_ms = max(self.longest_ms, milliseconds)

    def percentile(self, percent: float) -> float | None:
        """Milliseconds within which `percent` (above 0, up to 100) of all durations lie; None when there are none."""
        if not self.count:
            return None
        wanted = math.ceil(self.count * percent / 100)
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= wanted:
                break
        return min(_SMALLEST_MS * math.exp((bucket + 1) * _GROWTH), self.longest_ms)
