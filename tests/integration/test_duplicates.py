"""An event that comes more than once is shown once."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.acknowledged import TABLES
from tests.support.stack import eventually

if TYPE_CHECKING:
    from tests.support.stack import Stack

OWN_FIELDS: dict[str, dict[str, Any]] = {
    "click": {"element": "movie"},
    "page_view": {"view_id": str(uuid.UUID(int=1)), "page_type": "movie"},
    "page_leave": {"view_id": str(uuid.UUID(int=1)), "page_type": "movie", "dwell_ms": 5},
    "video_quality_change": {"movie_id": "m", "from_quality": "144p", "to_quality": "240p"},
    "video_complete": {"movie_id": "m", "duration_ms": 5},
    "video_progress": {"movie_id": "m", "position_ms": 1, "duration_ms": 5, "state": "paused"},
    "search_filter": {},
    "custom": {"name": "n"},
}


def last_midnight_at_a_months_end() -> datetime:
    """Return the last month's end that an event may still be from, or else the last midnight."""
    now = datetime.now(UTC)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return month if now - month < timedelta(days=28) else now.replace(hour=0, minute=0, second=0, microsecond=0)


def counts(stack: Stack, person: str) -> dict[str, int]:
    union = " UNION ALL ".join(
        f"SELECT '{view}' AS view, count() AS n FROM analytics.{view} WHERE user_id = {{person:String}}"
        for view in (*TABLES.values(), "events")
    )
    return {row["view"]: int(row["n"]) for row in stack.query(union, person=person)}


@pytest.mark.parametrize("with_time", [True, False], ids=["with the client's time", "without a time"])
def test_a_batch_sent_three_times_with_other_times_of_sending_is_one_row_each(stack: Stack, *, with_time: bool) -> None:
    person = f"retry-{with_time}-{uuid.uuid4()}"
    edge = last_midnight_at_a_months_end()
    events = []
    for number, (event_type, own) in enumerate(OWN_FIELDS.items()):
        event = {"event_type": event_type, "event_id": str(uuid.uuid4()), "user_id": person, **own}
        if with_time:
            # One half just before midnight, one just after: the corrections of the three sendings straddle it.
            event["occurred_at"] = (edge + timedelta(milliseconds=400 * (-1) ** number)).isoformat()
        events.append(event)
    for late_ms in (0, -700, 700):
        sent_at = (datetime.now(UTC) + timedelta(milliseconds=late_ms)).isoformat()
        assert stack.send(*events, sent_at=sent_at) == {"accepted": len(events), "rejected": []}

    landed = "SELECT count() FROM ugc.events WHERE user_id = {person:String}"
    eventually(lambda: int(stack.value(landed, person=person)) >= len(events), within_s=5)
    # All three copies have come when an event that was sent after them has.
    stack.send({"event_type": "custom", "name": "last", "user_id": f"{person}-last"})
    eventually(lambda: int(stack.value(landed, person=f"{person}-last")) == 1, within_s=5)

    once = dict.fromkeys(TABLES.values(), 1) | {"events": len(events)}
    assert counts(stack, person) == once
    for table in (*TABLES.values(), "events"):
        stack.query(f"OPTIMIZE TABLE ugc.{table} FINAL")
    assert counts(stack, person) == once
    assert int(stack.value(landed, person=person)) == len(events)
