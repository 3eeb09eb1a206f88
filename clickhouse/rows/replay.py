"""`replay`: events read from Kafka again, by a group and a Kafka table of their own, beside the live flow.

They go into a table of their own first, and then only those that the landing table does not have are copied to it: a
second replay writes nothing, and readers never see an event twice.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec import Struct

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.rows import landing
from clickhouse.schema import catalog, runner
from common.names import ERRORS, GROUP, LANDING, QUEUE
from common.topic import KafkaUnavailableError, Topic
from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

GROUP_PREFIX = f"{GROUP}_replay_"
_QUEUE = "ugc.events_replay"
_MV, _ROWS = "ugc.events_replay_mv", "ugc.events_replay_rows"
_ERRORS_MV, _ERRORS_ROWS = "ugc.events_errors_replay_mv", "ugc.events_errors_replay_rows"
_PROBE_INTERVAL_S = 0.2
_TELL_EVERY_S = 5.0
_LEAVE_S = 2.0
_BUCKET_EVENTS = 2_000_000
_VIRTUAL = (
    "_topic LowCardinality(String), _partition UInt64, _offset UInt64, "
    "_timestamp_ms Nullable(DateTime64(3)), _raw_message String, _error String"
)
_DEFINITION = re.compile(r"ugc\.events_queue\s*\((?P<columns>.*?)\)\s*ENGINE\s*=\s*Kafka\b", re.DOTALL)
_NEW_ERRORS = f"""
INSERT INTO ugc.events_errors
SELECT * FROM {_ERRORS_ROWS}
WHERE (kafka_timestamp, kafka_topic, kafka_partition, kafka_offset, cityHash64(raw)) NOT IN
    (SELECT kafka_timestamp, kafka_topic, kafka_partition, kafka_offset, cityHash64(raw) FROM ugc.events_errors)
"""  # noqa: S608 - own names


class Replayed(Struct, frozen=True):
    """`messages` were read, which held `events`; `added` of those were not in the landing table."""

    messages: int
    events: int
    added: int


def start_offsets(topic: Topic, wanted: str | int) -> dict[int, int]:
    """Where to begin, by partition: `wanted` is `earliest`, an offset, or a time in epoch ms given as `ms:…`."""
    beginnings, ends = topic.beginnings(), topic.ends()
    if wanted == "earliest":
        return beginnings
    if isinstance(wanted, int):
        return {part: min(max(wanted, beginnings[part]), end) for part, end in ends.items()}
    return topic.at(int(wanted.removeprefix("ms:")))


def replay(
    client: Client, settings: Settings, wanted: str | int, *, within_s: float, say: Callable[[str], None]
) -> Replayed:
    """Read from `wanted` to where the topic ends now; OperationError when that takes longer than `within_s` seconds.

    What an interrupted run left behind is dropped first.
    """
    topic = Topic(settings.brokers, settings.security)
    starts, ends = start_offsets(topic, wanted), topic.ends()
    messages = sum(ends[part] - start for part, start in starts.items())
    _clean(client)
    if messages == 0:
        return Replayed(messages=0, events=0, added=0)
    # a new group each time: one whose consumer was interrupted while it joined may keep the next consumer out
    group = f"{GROUP_PREFIX}{uuid4().hex[:12]}"
    say(f"reading {messages:,} messages again, as group {group}")
    topic.set_group(group, starts)
    try:
        _read_aside(client, settings, group)
        _wait(topic, group, ends, within_s, say)
    finally:
        execute(client, f"DROP TABLE IF EXISTS {_QUEUE}")
        _forget(topic, group)
    (row,) = rows(client, f"SELECT uniqExact(event_id) AS n, count() AS copies FROM {_ROWS}")  # noqa: S608 - own name
    added = sum(landing.insert_new(client, source) for source in _buckets(row["copies"]))
    execute(client, _NEW_ERRORS)
    _clean(client)
    return Replayed(messages=messages, events=int(row["n"]), added=added)


def _read_aside(client: Client, settings: Settings, group: str) -> None:
    """Create tables and MVs, the Kafka table last: it starts to read with its first MV, so both must be there."""
    definition = runner.queue_definition(settings)
    match = _DEFINITION.search(definition)
    if match is None:
        raise OperationError(f"the migrations do not create {QUEUE} as `(columns) ENGINE = Kafka`")
    for table, like in ((_ROWS, LANDING), (_ERRORS_ROWS, ERRORS)):
        execute(client, f"CREATE TABLE {table} AS {like} ENGINE = MergeTree ORDER BY tuple()")
    execute(client, f"CREATE TABLE {_QUEUE} ({match['columns'].rstrip()}, {_VIRTUAL}) ENGINE = Null")
    for view, rows_, name in ((_MV, _ROWS, "events_mv"), (_ERRORS_MV, _ERRORS_ROWS, "events_errors_mv")):
        execute(
            client,
            f"CREATE MATERIALIZED VIEW {view} TO {rows_} AS {catalog.consumer_select(client, name, _QUEUE)}",
        )
    execute(client, f"DROP TABLE {_QUEUE} SYNC")
    ddl = definition[: match.start()] + match[0].replace(QUEUE, _QUEUE, 1) + definition[match.end() :]
    execute(client, ddl.replace(f"'{GROUP}'", f"'{group}'", 1))


def _wait(topic: Topic, group: str, ends: Mapping[int, int], within_s: float, say: Callable[[str], None]) -> None:
    told = time.monotonic()
    left = 0

    def all_read() -> bool:
        nonlocal told, left
        left = sum(len(unread) for unread in topic.unread(ends, group).values())
        if left and time.monotonic() - told > _TELL_EVERY_S:
            told = time.monotonic()
            say(f"{left:,} messages to go")
        return not left

    if not wait_until(all_read, within_s, every_s=_PROBE_INTERVAL_S):
        raise OperationError(
            f"{left:,} messages were not read within {within_s:g} s; nothing was changed. Is Kafka up "
            "(`python -m clickhouse doctor`)? Try again, with a longer --within or a later --from"
        )


def _buckets(copies: int) -> Iterator[str]:
    """Queries that together give all that was read; each small enough to be compared in memory."""
    count = copies // _BUCKET_EVENTS + 1
    for number in range(count):
        yield f"SELECT * FROM {_ROWS} WHERE cityHash64(event_id) % {count} = {number}"  # noqa: S608 - own name


def _clean(client: Client) -> None:
    for kind, name in (
        ("TABLE", _QUEUE),
        ("VIEW", _MV),
        ("VIEW", _ERRORS_MV),
        ("TABLE", _ROWS),
        ("TABLE", _ERRORS_ROWS),
    ):
        execute(client, f"DROP {kind} IF EXISTS {name}")


def _forget(topic: Topic, group: str) -> None:
    """Delete the group once its consumer has left. One that stays does no harm: Kafka forgets it after a week."""
    with suppress(KafkaUnavailableError):
        wait_until(lambda: topic.forget_group(group), _LEAVE_S, every_s=_PROBE_INTERVAL_S)
