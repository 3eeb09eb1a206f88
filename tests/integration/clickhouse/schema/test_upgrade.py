"""From the schema of the first release, with events in it and in Kafka, to the newest: nothing lost, views right."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.connection.client import connected, rows
from clickhouse.schema import runner, views
from tests.integration.clickhouse.conftest import Kafka, cases, count, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

FIRST_RELEASE = 12
TYPES = {case["type"]: case for case in cases("event_types.yaml") if "stored" not in case}
TABLES = [case["table"] for case in TYPES.values()]
NOW_MS = int(time.time() * 1000)


def line(event_type: str, who: str, *, is_bot: bool = False) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "user_id": who,
        "occurred_at": NOW_MS,
        "received_at": NOW_MS,
        "key_time": NOW_MS,
        "payload": TYPES[event_type]["payload"],
    }
    return {**sent, "is_bot": True} if is_bot else sent


def message(*lines: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(entry).encode() for entry in lines)


@pytest.fixture(scope="module")
def kafka_settings(empty: Settings, kafka: Kafka) -> Settings:
    return msgspec.structs.replace(empty, kafka_bootstrap=kafka.address)


@pytest.fixture(scope="module")
def upgraded(kafka_settings: Settings, kafka: Kafka) -> Iterator[Client]:
    """Events before, while and after the schema changes: 8 types each, half of the last ones from a bot."""
    with connected(kafka_settings) as client:
        runner.migrate(kafka_settings, to_version=FIRST_RELEASE)
        views.apply(client, views.load())
        kafka.send(message(*(line(name, "before") for name in TYPES)), b"broken before")
        wait_until(lambda: count(client, "ugc.events") == len(TYPES), "the events of the first release")
        assert count(client, "system.columns", "database = 'ugc' AND name = 'is_bot'") == 0
        kafka.send(message(*(line(name, "while") for name in TYPES)))
        runner.migrate(kafka_settings)
        views.apply(client, views.load(), recreate=True)
        kafka.send(message(*(line(name, who, is_bot=who == "bot") for name in TYPES for who in ("after", "bot"))))
        kafka.send(b"broken after")
        # An event is shown by the landing table a moment before the typed one, which its insert then feeds.
        for table, n in {"events": 4 * len(TYPES), **dict.fromkeys(TABLES, 4)}.items():
            wait_until(lambda t=table, n=n: count(client, f"analytics.{t}") >= n, f"the events of {table}")  # type: ignore[misc]
        wait_until(lambda: count(client, "ugc.events_errors") == 2, "the error rows")
        yield client


@pytest.mark.parametrize("table", ["events", *TABLES])
def test_every_event_is_there_once_and_bots_are_told_apart(upgraded: Client, table: str) -> None:
    found = rows(
        upgraded, f"SELECT identity, is_bot, count() AS n FROM analytics.{table} GROUP BY ALL ORDER BY identity"
    )
    n = len(TYPES) if table == "events" else 1
    assert found == [
        {"identity": "after", "is_bot": False, "n": n},
        {"identity": "before", "is_bot": False, "n": n},
        {"identity": "bot", "is_bot": True, "n": n},
        {"identity": "while", "is_bot": False, "n": n},
    ]


def test_views_count_people_of_all_times_and_no_bots(upgraded: Client) -> None:
    found = rows(upgraded, "SELECT active_users, events FROM analytics.daily_active_users")
    assert found == [{"active_users": 3, "events": 3 * len(TYPES)}]


def test_rollups_know_what_was_there_before_them(upgraded: Client) -> None:
    assert count(upgraded, "ugc.activity_per_day", "identity_hash = cityHash64('before')") >= 1


def test_a_refused_line_keeps_its_flag(upgraded: Client, kafka: Kafka) -> None:
    kafka.send(message({**line("click", "bot", is_bot=True), "event_id": "no id"}))
    wait_until(lambda: count(upgraded, "ugc.events_errors", "raw LIKE '%no id%'") == 1, "the error row")
    (row,) = rows(upgraded, "SELECT raw FROM ugc.events_errors WHERE raw LIKE '%no id%'")
    assert json.loads(row["raw"])["is_bot"] == "true"


def test_consumer_lag_tells_where_the_consumer_is(upgraded: Client) -> None:
    (row,) = rows(upgraded, "SELECT * FROM analytics.consumer_lag")
    assert (row["topic"], row["partition"]) == ("ugc.events", 0)
    assert row["current_offset"] >= 6
    assert row["seconds_since_poll"] < 10
    assert row["messages_behind"] in {None, 0}, "NULL where the engine's configuration asks for no statistics"


def test_ingestion_errors_are_counted_by_kind(upgraded: Client) -> None:
    found = rows(upgraded, "SELECT error, errors, example_topic FROM analytics.ingestion_errors ORDER BY errors DESC")
    assert found[0]["errors"] == 2
    assert "Cannot parse input" in found[0]["error"]
    assert found[0]["example_topic"] == "ugc.events"


def test_back_to_the_first_release_and_up_again_loses_no_event(
    upgraded: Client, kafka_settings: Settings, kafka: Kafka
) -> None:
    wait_until(
        lambda: count(upgraded, "system.kafka_consumers", "notEmpty(assignments.topic)") == 1, "the consumer's join"
    )
    runner.down(kafka_settings, to_version=FIRST_RELEASE)
    views.apply(upgraded, views.load(), recreate=True)
    kafka.send(message(line("click", "back")))
    wait_until(lambda: count(upgraded, "ugc.clicks", "identity = 'back'") == 1, "an event in the first release")
    runner.migrate(kafka_settings)
    views.apply(upgraded, views.load(), recreate=True)
    kafka.send(message(line("click", "again", is_bot=True)))
    wait_until(lambda: count(upgraded, "analytics.clicks", "identity = 'again' AND is_bot") == 1, "an event after all")
    assert count(upgraded, "analytics.clicks", "identity IN ('before', 'while', 'after', 'bot', 'back')") == 5
