"""What the API and the queue make of a request: rows of `ugc.events`, by the words of the docs.

Written from docs/architecture.md (the time that a retry cannot change), docs/api.md and the dictionary: an independent
reading of the way in, as `answers` is of the way out.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.oracle.lives.times import DAY, MINUTE, as_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.oracle.lives.deeds import Phase
    from tests.oracle.posts import Post

TOPIC = "ugc.events"
PARTITIONS = 3
LEAST_CORRECTION = 5 * MINUTE
COMMON = (
    "event_type",
    "event_id",
    "user_id",
    "anonymous_id",
    "session_id",
    "occurred_at",
    "page_url",
    "referrer",
    "context",
)
TEXTS = ("user_id", "anonymous_id", "session_id", "page_url", "referrer")
TIMES = ("key_time", "occurred_at", "received_at", "kafka_timestamp", "inserted_at")


@dataclass(frozen=True)
class Landed:
    """One row, and when it comes to ClickHouse; times are milliseconds."""

    phase: Phase
    row: dict[str, Any]

    def as_insert(self, written_at: int) -> str:
        """A line of JSONEachRow for the landing table, written at that moment."""
        times = {
            name: clickhouse_time(ms) for name, ms in {**self.row, "inserted_at": written_at}.items() if name in TIMES
        }
        return json.dumps({**self.row, **times, "payload": self.payload()}, ensure_ascii=False)

    def as_wire(self) -> str:
        """The line as the API writes it for Kafka: absent where empty, and with its payload as an object."""
        left_out = {"identity", "kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp"}
        return json.dumps(
            {name: value for name, value in self.row.items() if name not in left_out and value not in ("", None)}
        )

    def payload(self) -> str:
        return json.dumps(self.row["payload"], ensure_ascii=False, separators=(",", ":"))


def land(posts: Iterable[Post]) -> list[Landed]:
    """The rows of all requests; each request is one message."""
    rows = []
    for number, post in enumerate(sorted(posts, key=lambda post: post.received_at)):
        position = {
            "kafka_topic": TOPIC,
            "kafka_partition": number % PARTITIONS,
            "kafka_offset": number // PARTITIONS,
            "kafka_timestamp": post.received_at + 7,
        }
        rows += [Landed(post.phase, row | position) for row in _rows(post)]
    return rows


def _rows(post: Post) -> Iterator[dict[str, Any]]:
    seen = set()
    for event in post.events():
        # An id that comes twice in one batch is stored once, as its first event.
        if event["event_id"] not in seen:
            yield _row(post, event)
        seen.add(event["event_id"])


def _row(post: Post, event: dict[str, Any]) -> dict[str, Any]:
    told = None if "occurred_at" not in event else _epoch_ms(event["occurred_at"])
    occurred_at = _corrected(told, post.sent_at, post.received_at)
    age = post.received_at - occurred_at
    if not -DAY <= age <= 30 * DAY:
        raise ValueError(f"the API would refuse this event: {event}, received at {post.received_at}")
    context = event.get("context", {})
    return {
        "event_type": event["event_type"],
        "event_id": event["event_id"],
        "key_time": _key_time(told, event["event_id"], post.received_at),
        "occurred_at": occurred_at,
        "received_at": post.received_at,
        "identity": event.get("user_id") or event["anonymous_id"],
        **{name: event.get(name, "") for name in TEXTS},
        "user_agent": post.browser.user_agent,
        "ip": post.browser.ip,
        **{name: context.get(name, "") for name in ("locale", "timezone", "app_version")},
        **{name: context.get(name) for name in ("screen_width", "screen_height")},
        "is_bot": post.browser.is_bot,
        "payload": {name: value for name, value in event.items() if name not in COMMON},
    }


def _corrected(told: int | None, sent_at: int | None, received_at: int) -> int:
    """Less than five minutes between two clocks is delay; more is skew, and what counts is the age at sending."""
    if told is None:
        return received_at
    if sent_at is None or abs(received_at - sent_at) < LEAST_CORRECTION:
        return told
    return received_at - (sent_at - told)


def _key_time(told: int | None, event_id: str, received_at: int) -> int:
    """The client's own time when it is plausible, else the one inside its id when that is plausible, else 0."""
    made_at = uuid.UUID(event_id).int >> 80 if uuid.UUID(event_id).version == 7 else None
    for time in (told, made_at):
        if time is not None and received_at - 45 * DAY <= time <= received_at + 15 * DAY:
            return time
    return 0


def _epoch_ms(time: int | str) -> int:
    return time if isinstance(time, int) else round(datetime.fromisoformat(time).timestamp() * 1000)


def clickhouse_time(ms: int) -> str:
    """A time as ClickHouse reads it, in UTC."""
    return as_datetime(ms).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
