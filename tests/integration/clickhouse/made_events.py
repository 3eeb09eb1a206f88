"""Rows of the landing table and of errors, and lines as the API writes them; not old unless told otherwise."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

NOW = time.time()


def event(event_type: str = "click", **fields: Any) -> dict[str, Any]:
    """A row of the landing table, an hour old unless told otherwise."""
    user = fields.get("user_id", "u1")
    return {
        "event_type": event_type,
        "event_id": str(uuid.uuid4()),
        "key_time": NOW - 3600,
        "occurred_at": NOW - 3600,
        "received_at": NOW - 3599,
        "user_id": user,
        "identity": user or fields.get("anonymous_id", ""),
        "payload": {"element": "movie", "movie_id": "tt1", "duration_ms": 5},
        **fields,
    }


def refused(client: Client, raw: str, error: str = "Cannot parse input", seconds_ago: float = 60) -> None:
    at = datetime.fromtimestamp(NOW - seconds_ago, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    row = {
        "kafka_timestamp": at,
        "kafka_topic": "ugc.events",
        "kafka_offset": 7,
        "error": error,
        "raw": raw,
        "inserted_at": at,
    }
    client.raw_insert("ugc.events_errors", insert_block=json.dumps(row).encode(), fmt="JSONEachRow")


def wire(**fields: Any) -> str:
    now_ms = int(NOW * 1000)
    line = {
        "event_id": str(uuid.uuid4()),
        "event_type": "click",
        "user_id": "u1",
        "occurred_at": now_ms - 1000,
        "received_at": now_ms,
        "key_time": now_ms - 1000,
        "screen_width": 800,
        "payload": {"element": "trailer", "x": 7, "label": 'a"b\n'},
    }
    return json.dumps({**line, **fields})
