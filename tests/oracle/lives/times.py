"""Times in milliseconds since 1970, in UTC; days as whole numbers of days before the day that is called today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def as_datetime(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, tz=UTC).replace(microsecond=ms % 1000 * 1000)


@dataclass(frozen=True)
class Calendar:
    """Where in time the lives are: everything is received before `now`, which is in the middle of today."""

    now: int
    days: int = 50

    @property
    def today(self) -> int:
        """The midnight with which today began."""
        return self.now // DAY * DAY

    def day(self, days_ago: int, hours: float = 0) -> int:
        """A moment of a day: `hours` after its beginning."""
        return self.today - days_ago * DAY + int(hours * HOUR)

    def last_of_month(self) -> list[int]:
        """How many days ago the last days of months were, within the time of the lives."""
        return [
            ago
            for ago in range(1, self.days)
            if as_datetime(self.day(ago)).month != as_datetime(self.day(ago - 1)).month
        ]
