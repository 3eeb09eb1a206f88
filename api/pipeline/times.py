"""The rules about time. Every time here is an integer of milliseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from api.pipeline import uuid7
from api.pipeline.rejections import Reason, RejectionError

DAY_MS: Final = 86_400_000
MAX_AGE_MS: Final = 30 * DAY_MS
LEAST_SKEW_MS: Final = 5 * 60_000
"""Below this a difference between `sent_at` and the time of receipt is taken for delay: a batch that was queued, sent
again, or sent at the end of a visit. To correct it would move its events behind later ones of the same person. Clocks
that are set by the network are right within seconds; those that are not are off by hours or years."""

LEAST_EPOCH_MS: Final = 100_000_000_000
"""March 1973: a number below it is of seconds."""

MAX_AHEAD_MS: Final = DAY_MS
KEY_WINDOW_BEFORE_MS: Final = 45 * DAY_MS
KEY_WINDOW_AFTER_MS: Final = 15 * DAY_MS
NO_KEY_TIME: Final = 0
"""One fixed partition, 1970-01, for events that have nothing usable that stays the same when they are sent again."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def epoch_ms(moment: datetime | int) -> int:
    """A time as it was sent, in milliseconds; fractions of a millisecond are cut off."""
    if isinstance(moment, int):
        return moment
    return (moment - _EPOCH) // _MILLISECOND


def corrected(occurred_at: int, sent_at: int | None, received_at: int) -> int:
    """When the event happened on our clock: its age when it was sent, subtracted from the time of receipt.

    As it was sent when the clocks differ by less than `LEAST_SKEW_MS`.
    """
    if sent_at is None or abs(received_at - sent_at) < LEAST_SKEW_MS:
        return occurred_at
    return received_at - (sent_at - occurred_at)


def check_plausible(occurred_at: int, received_at: int) -> None:
    """Refuse what is older than 30 days or more than 24 hours ahead, after the correction. Raises `RejectionError`."""
    age = received_at - occurred_at
    if age > MAX_AGE_MS:
        detail = f"expected a time within the last 30 days, got one {age // DAY_MS} days ago"
        raise RejectionError(Reason.TOO_OLD, "$.occurred_at", detail)
    if -age > MAX_AHEAD_MS:
        detail = f"expected a time at most 24 hours ahead, got one {-age / 3_600_000:.1f} hours ahead"
        raise RejectionError(Reason.TOO_FAR_AHEAD, "$.occurred_at", detail)


def key_time(*, sent_occurred_at: int | None, event_id: int | None, received_at: int) -> int:
    """The time that a repeated request cannot change; the sorting key and the partition depend on it.

    `sent_occurred_at` is the client's own time, before any correction; `event_id` the client's own id as a number, or
    None where the server made it.
    """
    earliest, latest = received_at - KEY_WINDOW_BEFORE_MS, received_at + KEY_WINDOW_AFTER_MS
    if sent_occurred_at is not None and earliest <= sent_occurred_at <= latest:
        return sent_occurred_at
    if event_id is None:
        return received_at
    made_at = uuid7.timestamp_ms(event_id)
    if made_at is not None and earliest <= made_at <= latest:
        return made_at
    return NO_KEY_TIME
