"""When people come: a day that ends at a given moment, quiet before dawn and full in the evening."""

from __future__ import annotations

import bisect
from typing import Final

DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
# Visits in each hour of UTC; the audience lives mostly in Central Europe.
_BY_HOUR: Final = (20, 12, 8, 6, 6, 9, 14, 20, 24, 26, 28, 34, 38, 36, 34, 38, 46, 62, 84, 100, 98, 82, 54, 32)


class Day:
    """24 hours that end at `end_ms` (epoch milliseconds)."""

    def __init__(self, end_ms: int) -> None:
        self.end_ms = end_ms
        self.start_ms = end_ms - DAY_MS
        # Steps of one hour from the start of this day, each with the weight of the hour of the clock that it begins in.
        first = self.start_ms // _HOUR_MS
        self._sums = [0]
        for step in range(24):
            self._sums.append(self._sums[-1] + _BY_HOUR[(first + step) % 24])

    def moment(self, share: float, length_ms: int) -> int:
        """Where a visit starts (epoch milliseconds) that lasts `length_ms` (below a day) and ends within this day.

        `share` from 0 to 1 is the part of all visits that start before it; a greater share is a later moment.
        """
        latest = self._cumulative(DAY_MS - length_ms)
        wanted = share * latest
        step = min(bisect.bisect_right(self._sums, wanted) - 1, 23)
        within = (wanted - self._sums[step]) / (self._sums[step + 1] - self._sums[step])
        return self.start_ms + min(int((step + within) * _HOUR_MS), DAY_MS - length_ms)

    def _cumulative(self, offset_ms: int) -> float:
        step, rest = divmod(offset_ms, _HOUR_MS)
        if step >= 24:  # noqa: PLR2004 - hours
            return self._sums[24]
        return self._sums[step] + (self._sums[step + 1] - self._sums[step]) * rest / _HOUR_MS
