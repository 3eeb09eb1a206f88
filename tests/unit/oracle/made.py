"""Rows made by hand, of a life on a few days in March, for answers that are worked out by hand."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from tests.oracle.answers.ledger import Ledger, Table
from tests.oracle.landing import Landed
from tests.oracle.lives.deeds import Phase

TODAY = "2026-03-20"
_numbers = itertools.count(1)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def event(
    event_type: str = "click",
    who: str = "u1",
    at: str = "2026-03-10 12:00:00",
    *,
    received: str | None = None,
    event_id: str | None = None,
    guest: bool = False,
    is_bot: bool = False,
    page_url: str = "",
    **payload: Any,
) -> Landed:
    """A row of the landing table, received when it happened unless told otherwise."""
    texts = ("session_id", "referrer", "user_agent", "ip", "locale", "timezone", "app_version")
    row = {
        "event_type": event_type,
        "event_id": event_id or f"00000000-0000-4000-8000-{next(_numbers):012}",
        "key_time": ms(at),
        "occurred_at": ms(at),
        "received_at": ms(received or at),
        "identity": who,
        "user_id": "" if guest else who,
        "anonymous_id": who if guest else "",
        "page_url": page_url,
        **dict.fromkeys(texts, ""),
        "screen_width": None,
        "screen_height": None,
        "is_bot": is_bot,
        "kafka_topic": "ugc.events",
        "kafka_partition": 0,
        "kafka_offset": 0,
        "kafka_timestamp": ms(at),
        "payload": payload,
    }
    return Landed(Phase.HISTORY, row)


def ledger(*events: Landed) -> Ledger:
    return Ledger(events, ms(TODAY))


def of(table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """The rows of some columns, in order; days as text."""
    places = [table.columns.index(name) for name in columns]
    picked = [tuple(_text(row[place]) for place in places) for row in table.rows]
    return sorted(picked, key=repr)


def _text(value: Any) -> Any:
    return value.isoformat(" ") if isinstance(value, datetime) else str(value) if hasattr(value, "isoformat") else value
