"""The views of a ClickHouse: rows put where the queue would put them, and what the views make of them."""

from __future__ import annotations

import json
import random
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tests.oracle.answers.operations import RefusedMessage, StoredRow
from tests.oracle.landing import clickhouse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from clickhouse_connect.driver.client import Client

    from tests.oracle.landing import Landed

NOT_JSON: Final = (
    ("Cannot parse input: expected ',' before: 'abc' (at row 17)", "{broken 17"),
    ("Cannot parse input: expected ',' before: 'x 9' (at row 4711)", "{broken 4711"),
    ("Unexpected end of data", "{"),
)


def land(client: Client, rows: Iterable[Landed], written_ago: int = 0, inserts: int = 2) -> None:
    """Write the rows in a few inserts, copies of an event in any order and now in one, now in another of them.

    `written_ago`, in milliseconds, makes as if that had been a while ago, and nothing had been counted since.
    """
    written_at = _now() - written_ago
    lines = [row.as_insert(written_at) for row in rows]
    random.Random(len(lines)).shuffle(lines)
    size = -(-len(lines) // inserts)
    for start in range(0, len(lines), size):
        client.raw_insert("ugc.events", insert_block="\n".join(lines[start : start + size]).encode(), fmt="JSONEachRow")


def refuse(client: Client, rows: Iterable[Landed]) -> None:
    """Write the rows into the table of errors, a message each, and some messages that never were events."""
    now = _now()
    messages = [(row.row, "Cannot read 1 line", row.as_wire()) for row in rows]
    for number, (error, raw) in enumerate(NOT_JSON * 3):
        place = {"kafka_topic": "ugc.events", "kafka_partition": 7, "kafka_offset": number // 2}
        messages.append(({**place, "kafka_timestamp": now - number // 2 * 50_000_000}, error, raw))
    # Kafka delivers the last message again.
    lines = [json.dumps(_refused(*message, now)) for message in (*messages, messages[-1])]
    client.raw_insert("ugc.events_errors", insert_block="\n".join(lines).encode(), fmt="JSONEachRow")


def _refused(row: dict[str, Any], error: str, raw: str, now: int) -> dict[str, Any]:
    place = {name: row[name] for name in ("kafka_topic", "kafka_partition", "kafka_offset")}
    times = {"kafka_timestamp": clickhouse_time(row["kafka_timestamp"]), "inserted_at": clickhouse_time(now)}
    return {**place, **times, "error": error, "raw": raw}


def _now() -> int:
    return time.time_ns() // 1_000_000


def refreshable(client: Client) -> list[str]:
    found = client.query("SELECT database || '.' || view FROM system.view_refreshes ORDER BY view")
    return [name for (name,) in found.result_rows]


def settle(client: Client) -> None:
    """Have everything counted that is counted ahead, twice: the second time has nothing to do and must do nothing."""
    for _ in range(2):
        for name in refreshable(client):
            client.command(f"SYSTEM REFRESH VIEW {name}")
            client.command(f"SYSTEM WAIT VIEW {name}")


def attach_again(client: Client) -> None:
    """What a restart or a RESTORE does to the views that count ahead."""
    for name in refreshable(client):
        client.command(f"DETACH TABLE {name} SYNC")
        client.command(f"ATTACH TABLE {name}")


def merge(client: Client) -> None:
    """As if all merges had run that ever will."""
    tables = client.query("SELECT name FROM system.tables WHERE database = 'ugc' AND engine LIKE '%MergeTree'")
    for (name,) in tables.result_rows:
        client.command(f"OPTIMIZE TABLE ugc.{name} FINAL")


@contextmanager
def no_merges(client: Client, table: str) -> Iterator[None]:
    """What is stored stays as it is, from one question to the next."""
    client.command(f"SYSTEM STOP MERGES {table}")
    yield
    client.command(f"SYSTEM START MERGES {table}")


def read(client: Client, source: str) -> tuple[Sequence[str], Sequence[tuple[Any, ...]]]:
    """The columns and rows of a view."""
    found = client.query(f"SELECT * FROM {source}")
    # The driver gives no columns where there are no rows.
    described = found.column_names or [row[0] for row in client.query(f"DESCRIBE (SELECT * FROM {source})").result_rows]
    return described, [tuple(row) for row in found.result_rows]


def stored_rows(client: Client) -> list[StoredRow]:
    query = "SELECT toString(event_id), event_type, key_time, received_at FROM ugc.events"
    return [StoredRow(*row) for row in client.query(query).result_rows]


def refused_messages(client: Client) -> list[RefusedMessage]:
    query = "SELECT kafka_timestamp, kafka_topic, kafka_partition, kafka_offset, error, raw FROM ugc.events_errors"
    return [RefusedMessage(*row) for row in client.query(query).result_rows]


def today(client: Client) -> int:
    """The midnight with which the server's day began, in milliseconds."""
    ((day,),) = client.query("SELECT toDate(now('UTC'))").result_rows
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
