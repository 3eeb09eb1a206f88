"""What people do, as rows of the landing table, received when it happened: so they are written late, as by a replay."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

TODAY = dt.datetime.now(tz=dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def days_ago(days: float) -> dt.datetime:
    """A moment of that day: noon, unless a fraction says otherwise."""
    return TODAY - dt.timedelta(days=days) + dt.timedelta(hours=12)


def event(event_type: str, who: str, at: dt.datetime, **payload: Any) -> dict[str, Any]:
    """One event of the person `who`."""
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "identity": who,
        "anonymous_id": who,
        "key_time": at.timestamp(),
        "occurred_at": at.timestamp(),
        "received_at": at.timestamp(),
        "payload": payload,
    }


def deeds(who: str, at: dt.datetime) -> list[dict[str, Any]]:
    """One event for each rollup by day, and one more for that of pages; all in one session."""
    view_id = str(uuid.uuid4())
    return [
        event("page_view", who, at, view_id=view_id, page_type="movie", page_id="tt1"),
        event("page_leave", who, at, view_id=view_id, page_type="movie", page_id="tt1", dwell_ms=1000),
        event("video_complete", who, at, movie_id="tt1", duration_ms=5, watched_ms=4),
        event("search_filter", who, at, query="Film", results_count=0),
    ]
