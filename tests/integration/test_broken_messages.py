"""Messages that somebody else put into Kafka: what cannot be read is kept with its reason, and the flow goes on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from common.topic import Topic
from tests.support.stack import eventually

if TYPE_CHECKING:
    from tests.support.stack import Stack


def test_a_message_that_is_no_json_is_in_the_errors_table_with_its_bytes_and_origin(stack: Stack) -> None:
    raw = f"no json at all {uuid.uuid4()}"
    Topic(stack.bootstrap).write([raw.encode()])
    (row,) = eventually(
        lambda: stack.query("SELECT * FROM ugc.events_errors WHERE raw = {raw:String}", raw=raw), within_s=5
    )
    assert row["kafka_topic"] == "ugc.events"
    assert int(row["kafka_offset"]) >= 0
    assert int(row["kafka_partition"]) >= 0
    assert row["error"]
    event_id = stack.post("/api/v1/events", {"event_type": "click", "user_id": "after", "element": "other"}).json()[
        "event_id"
    ]
    eventually(
        lambda: stack.query("SELECT 1 FROM analytics.clicks WHERE event_id = {id:UUID}", id=event_id), within_s=5
    )
