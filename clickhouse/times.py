"""Times as people type them on the command line."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,9})([smhd])")
_OFFSET = re.compile(r"\d{1,19}")


def parse(text: str) -> datetime:
    """`2026-11-23`, `2026-11-23T10:00` (UTC unless it has an offset), or how long ago: `90s`, `15m`, `2h`, `7d`."""
    ago = _AGO.fullmatch(text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text} is no time: 2026-11-23, 2026-11-23T10:00:00+01:00 (UTC without an offset), or 15m, 2h, 7d ago"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def parse_start(text: str) -> str | int:
    """Where to read Kafka from: `earliest`, an offset, or a time, which is returned as `ms:` and epoch milliseconds."""
    if text == "earliest":
        return text
    if _OFFSET.fullmatch(text):
        return int(text)
    return f"ms:{int(parse(text).timestamp() * 1000)}"
