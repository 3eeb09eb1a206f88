"""From Kafka to the tables, with a real broker: what reaches what, and that changing the queue loses nothing."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.connection.client import connected, execute, rows
from clickhouse.queue import consumer
from clickhouse.schema import runner, views
from tests.integration.clickhouse.conftest import Kafka, cases, count, one, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

NOW_MS = int(time.time() * 1000)
CONTEXT: dict[str, Any] = {
    "user_id": "u1",
    "anonymous_id": "a1",
    "session_id": "s1",
    "page_url": "https://cinema.example/movie/tt1?x=1",
    "referrer": "https://cinema.example/",
    "user_agent": "Mozilla/5.0",
    "ip": "203.0.113.0",
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
    "screen_width": 65535,
    "screen_height": 1080,
    "app_version": "1.2.3",
}


def line(event_type: Any = "click", payload: Any = None, **fields: Any) -> dict[str, Any]:
    """One line of the wire as the API writes it; a field given as None is left out."""
    event = {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        **CONTEXT,
        "occurred_at": NOW_MS - 1500,
        "received_at": NOW_MS,
        "key_time": NOW_MS - 1000,
        "payload": {"element": "movie"} if payload is None else payload,
        **fields,
    }
    return {name: value for name, value in event.items() if value is not None}


def message(*lines: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(entry).encode() for entry in lines)


TYPES = [(case, line(case["type"], case["payload"])) for case in cases("event_types.yaml")]


def has_rows(client: Client, table: str, wanted: int) -> bool:
    return count(client, table) >= wanted


@pytest.fixture(scope="module")
def client(empty: Settings, kafka: Kafka) -> Iterator[Client]:
    """The schema, made when the events of every type were in Kafka already."""
    kafka.send(message(*(sent for _, sent in TYPES)), b"not json, and there before the schema")
    settings = msgspec.structs.replace(empty, kafka_bootstrap=kafka.address)
    runner.migrate(settings)
    with connected(settings) as connection:
        views.apply(connection, views.load())
        # The typed tables are written after the landing table, each by its own view.
        for table in sorted({case["table"] for case, _ in TYPES}):
            wanted = sum(case["table"] == table for case, _ in TYPES)
            wait_until(partial(has_rows, connection, f"ugc.{table}", wanted), f"the events of ugc.{table}")
        wait_until(lambda: count(connection, "ugc.events_errors") >= 1, "the first error row")
        yield connection


def is_assigned(client: Client) -> bool:
    """Whether the consumer has its partition: a broker may take long to forget one that left while it was joining."""
    return count(client, "system.kafka_consumers", "notEmpty(assignments.topic)") == 1


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


@pytest.mark.parametrize(("case", "sent"), TYPES, ids=[f"{case['type']}-{n}" for n, (case, _) in enumerate(TYPES)])
def test_an_event_sent_before_the_schema_existed_stands_in_its_typed_table_and_view_with_every_field(
    client: Client, case: dict[str, Any], sent: dict[str, Any]
) -> None:
    for place in (f"ugc.{case['table']} FINAL", f"analytics.{case['table']}"):
        row = one(client, f"SELECT * FROM {place} WHERE event_id = {{id:UUID}}", id=sent["event_id"])
        expected = dict(case.get("stored", case["payload"]))
        if "properties" in row:
            row["properties"] = json.loads(row["properties"])
        if "view_id" in expected:
            expected["view_id"] = uuid.UUID(expected["view_id"])
        expected |= CONTEXT
        expected |= {"identity": "u1", "occurred_at": at(NOW_MS - 1500), "received_at": at(NOW_MS)}
        assert {name: row[name] for name in expected} == expected


def test_the_landing_table_keeps_payload_and_lineage(client: Client) -> None:
    sent = TYPES[0][1]
    row = one(client, "SELECT * FROM analytics.events WHERE event_id = {id:UUID}", id=sent["event_id"])
    assert json.loads(row["payload"]) == sent["payload"]
    assert (row["event_type"], row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]) == (
        "click",
        "ugc.events",
        0,
        0,
    )
    assert at(NOW_MS) <= row["kafka_timestamp"] <= datetime.now(tz=UTC)
    assert row["inserted_at"] >= row["kafka_timestamp"]


def test_a_message_that_is_not_json_is_kept_with_its_place_and_the_flow_goes_on(client: Client, kafka: Kafka) -> None:
    row = one(client, "SELECT * FROM ugc.events_errors WHERE raw LIKE 'not json, and there%'")
    assert (row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]) == ("ugc.events", 0, 1)
    assert "Cannot parse input" in row["error"]
    sent = line()
    kafka.send(b"\xff\xfe\x00 rubbish \xc3", b"", message(sent))
    wait_until(lambda: count(client, "analytics.clicks", f"event_id = '{sent['event_id']}'") == 1, "the next event")
    raw = b"\xff\xfe\x00 rubbish \xc3".hex().upper()
    wait_until(lambda: count(client, "ugc.events_errors", f"hex(raw) = '{raw}'") == 1, "the error row, byte for byte")


def test_a_line_that_does_not_parse_costs_its_whole_message_which_is_kept(client: Client, kafka: Kafka) -> None:
    before, after = line(), line()
    text = message(before) + b"\n{broken\n" + message(after)
    kafka.send(text)
    wait_until(lambda: count(client, "ugc.events_errors", "raw LIKE '%{broken%'") == 1, "the error row")
    assert one(client, "SELECT raw FROM ugc.events_errors WHERE raw LIKE '%{broken%'")["raw"] == text.decode()
    assert count(client, "ugc.events", f"event_id IN ('{before['event_id']}', '{after['event_id']}')") == 0


REFUSED = {
    "event_id is missing or no UUID": [
        line(event_id="zz", session_id="no-uuid"),
        line(event_id="018f0000-0000-7000-8000-00000000000g", session_id="bad-hex"),
        line(event_id=[1], session_id="list"),
        line(event_id=None, session_id="absent"),
    ],
    "event_type is missing": [line(event_type="", session_id="empty-type")],
    "identity is missing: neither user_id nor anonymous_id": [
        line(user_id=None, anonymous_id=None, session_id="nobody")
    ],
}


def test_a_line_without_id_type_or_identity_is_an_error_row_and_its_neighbours_are_not(
    client: Client, kafka: Kafka
) -> None:
    good = line()
    for reason, lines in REFUSED.items():
        kafka.send(message(*lines, good))
        where = ", ".join(f"'{entry['session_id']}'" for entry in lines)
        session = "JSONExtractString(raw, 'session_id')"
        wait_until(lambda: count(client, "ugc.events_errors", f"{session} IN ({where})") == len(lines), reason)  # noqa: B023
        assert {
            row["error"] for row in rows(client, f"SELECT error FROM ugc.events_errors WHERE {session} IN ({where})")
        } == {reason}
        assert count(client, "ugc.events", f"session_id IN ({where})") == 0
    assert count(client, "analytics.clicks", f"event_id = '{good['event_id']}'") == 1


def test_the_raw_line_of_an_error_row_can_be_read_again_by_the_queue(client: Client, kafka: Kafka) -> None:
    kafka.send(message(line(event_id="repair-me", payload={"element": "trailer", "x": 7, "label": 'a"b'})))
    wait_until(lambda: count(client, "ugc.events_errors", "raw LIKE '%repair-me%'") == 1, "the error row")
    raw = one(client, "SELECT raw FROM ugc.events_errors WHERE raw LIKE '%repair-me%'")["raw"]
    repaired = str(uuid.uuid4())
    kafka.send(raw.replace("repair-me", repaired).encode())
    wait_until(lambda: count(client, "ugc.clicks", f"event_id = '{repaired}'") == 1, "the repaired event")
    row = one(client, f"SELECT * FROM analytics.clicks WHERE event_id = '{repaired}'")
    assert (row["element"], row["x"], row["label"]) == ("trailer", 7, 'a"b')
    assert (row["user_id"], row["screen_width"], row["received_at"]) == ("u1", 65535, at(NOW_MS))


HUGE = 10**30
DAY_MS = 86_400_000
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "numbers-as-text": (line(received_at=str(NOW_MS), screen_width="800"), {"screen_width": 800}),
    "too-wide": (line(screen_width=65536, screen_height=-1), {"screen_width": None, "screen_height": None}),
    "huge": (line(screen_width=HUGE, received_at=HUGE, key_time=HUGE, occurred_at=HUGE), {"screen_width": None}),
    "floats": (line(screen_width=1.5, key_time=1e300, occurred_at=-1e300), {"screen_width": None}),
    "objects": (line(locale={"a": 1}, received_at=[1], occurred_at={}, key_time=[]), {"locale": '{"a": 1}'}),
    "booleans": (line(user_id=True, screen_width=False), {"user_id": "true", "identity": "true"}),
    "no-times": (line(received_at=None, occurred_at=None, key_time=None), {"key_time": at(0)}),
    "far-future": (line(key_time=NOW_MS + 41 * DAY_MS), {"key_time": at(0)}),
    "far-past": (line(key_time=NOW_MS - 401 * DAY_MS), {"key_time": at(0)}),
    "fixed-partition": (line(key_time=0), {"key_time": at(0)}),
    "payload-list": (line(payload=[1, 2]), {"payload": "[1, 2]"}),
    "payload-text": (line(payload="text"), {"payload": "text"}),
    "payload-absent": (line(payload={}) | {"payload": None}, {"payload": "{}"}),
    "anonymous": (line(user_id=None), {"user_id": "", "identity": "a1"}),
    "unknown-type": (line("rating", {"stars": 5}), {"event_type": "rating", "payload": '{"stars": 5}'}),
    "unknown-field": (line() | {"surprise": 1}, {"event_type": "click"}),
}


def test_hand_made_lines_with_anything_in_them_land_and_nothing_wraps(client: Client, kafka: Kafka) -> None:
    for name, (sent, _) in WRONG.items():
        sent["session_id"] = name
    kafka.send(message(*(sent for sent, _ in WRONG.values())))
    names = ", ".join(f"'{name}'" for name in WRONG)
    wait_until(
        lambda: count(client, "ugc.events", f"session_id IN ({names})") >= len(WRONG), "all lines of the message"
    )
    for name, (_, expected) in WRONG.items():
        row = one(client, "SELECT *, key_time FROM ugc.events FINAL WHERE session_id = {name:String}", name=name)
        assert {field: row[field] for field in expected} == expected, name
        assert at(NOW_MS) <= row["received_at"] <= datetime.now(tz=UTC), name
        assert row["occurred_at"] in (row["received_at"], at(NOW_MS - 1500)), name


def test_new_brokers_make_the_queue_again_and_no_event_is_lost_or_seen_twice(
    client: Client, empty: Settings, kafka: Kafka
) -> None:
    moved = msgspec.structs.replace(empty, kafka_bootstrap=f"localhost:{kafka.port}")
    wait_until(lambda: is_assigned(client), "the group's join")
    kafka.send(message(*(line(session_id="moved") for _ in range(50))))
    done = consumer.follow_brokers(client, runner.queue_statement(moved))
    assert done is not None
    assert f"it read from {kafka.address} and reads from localhost:{kafka.port} now" in done
    kafka.send(message(*(line(session_id="moved") for _ in range(50))), b"broken while it moved")
    wait_until(lambda: count(client, "analytics.clicks", "session_id = 'moved'") == 100, "all 100 events")
    wait_until(lambda: count(client, "ugc.events_errors", "raw = 'broken while it moved'") == 1, "the error row")
    assert consumer.follow_brokers(client, runner.queue_statement(moved)) is None


def test_a_queue_that_is_missing_is_made_again_and_a_paused_one_is_left(
    client: Client, empty: Settings, kafka: Kafka
) -> None:
    settings = msgspec.structs.replace(empty, kafka_bootstrap=kafka.address)
    consumer.follow_brokers(client, runner.queue_statement(settings))
    wait_until(lambda: is_assigned(client), "the group's join")
    execute(client, "DETACH TABLE ugc.events_queue PERMANENTLY")
    first, second = line(), line()
    kafka.send(message(first))
    assert "stays so" in (consumer.follow_brokers(client, runner.queue_statement(settings)) or "")
    assert count(client, "ugc.clicks", f"event_id = '{first['event_id']}'") == 0
    execute(client, "ATTACH TABLE ugc.events_queue")
    wait_until(lambda: count(client, "ugc.clicks", f"event_id = '{first['event_id']}'") == 1, "the event of the pause")
    execute(client, "DROP TABLE ugc.events_queue")
    kafka.send(message(second))
    assert "was missing" in (consumer.follow_brokers(client, runner.queue_statement(settings)) or "")
    wait_until(
        lambda: count(client, "ugc.clicks", f"event_id = '{second['event_id']}'") == 1, "the event sent meanwhile"
    )
