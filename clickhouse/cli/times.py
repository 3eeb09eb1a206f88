"""Times and numbers as people type them on the command line."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, date, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,9})([smhd])")
# what ClickHouse's DateTime can hold
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"\d{1,19}")


def parse(text: str) -> datetime:
    """`2026-11-23`, `2026-11-23T10:00` (UTC unless it has an offset), or how long ago: `90s`, `15m`, `2h`, `7d`."""
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            time = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            time = datetime.fromisoformat(text)
            time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(
            f"{text} is not a time: 2026-11-23, 2026-11-23T10:00:00+01:00 (UTC without an offset), or 15m, 2h, 7d ago"
        ) from error
    if not _FIRST <= time < _LAST:
        raise argparse.ArgumentTypeError(f"{text}: expected a time from 1970 to 2099")
    return time


def day(text: str) -> date:
    """A day in UTC: as `parse`, without the time of day."""
    return parse(text).date()


def parse_start(text: str) -> str | int:
    """Where to read Kafka from: `earliest`, an offset, or a time, which is returned as `ms:` and epoch milliseconds."""
    if text == "earliest":
        return text
    if _OFFSET.fullmatch(text):
        return int(text)
    return f"ms:{int(parse(text).timestamp() * 1000)}"


def seconds(text: str) -> float:
    """Seconds, 0 or more."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def count(text: str) -> int:
    """A whole number, 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return value
