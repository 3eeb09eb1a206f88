"""The consumer under the DBA's hands, with a real broker: paused, resumed, and the topic read again beside it."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import connected, execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.queue import consumer
from clickhouse.rows import replay
from clickhouse.schema import runner, views
from common import topic
from tests.integration.clickhouse.conftest import Kafka, count, one, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings


@pytest.fixture(scope="module")
def reading(empty: Settings, kafka: Kafka) -> Settings:
    settings = msgspec.structs.replace(empty, kafka_bootstrap=kafka.address)
    runner.migrate(settings)
    return settings


@pytest.fixture(scope="module")
def client(reading: Settings) -> Iterator[Client]:
    with connected(reading) as connection:
        views.apply(connection, views.load())
        yield connection


@pytest.fixture(autouse=True)
def environment(reading: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", reading.url)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", str(reading.kafka_bootstrap))


def message(session: str, count_: int = 1) -> bytes:
    now = int(time.time() * 1000)
    lines = [
        {
            "event_id": str(uuid.uuid4()),
            "event_type": "click",
            "user_id": "u1",
            "session_id": session,
            "occurred_at": now,
            "received_at": now,
            "key_time": now,
            "payload": {"element": "movie"},
        }
        for _ in range(count_)
    ]
    return "\n".join(json.dumps(line) for line in lines).encode()


def shown(client: Client, session: str) -> int:
    return count(client, "analytics.clicks", f"session_id = '{session}'")


def test_a_paused_consumer_reads_nothing_and_a_resumed_one_tells_how_far_behind_it_is(
    client: Client, kafka: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka.send(message("before"))
    wait_until(lambda: shown(client, "before") == 1, "the first event")
    assert main(["pause"]) == 0
    assert "is paused: events wait in Kafka" in capsys.readouterr().out
    for _ in range(5):
        kafka.send(message("paused", 10))
    assert main(["pause"]) == 0
    assert "is paused already" in capsys.readouterr().out
    assert main(["migrate"]) == 0
    assert "stays so" in capsys.readouterr().out
    assert shown(client, "paused") == 0
    assert main(["resume"]) == 0
    assert "consumes again: 5 messages behind" in capsys.readouterr().out
    wait_until(lambda: shown(client, "paused") == 50, "the events of the pause")
    assert main(["resume"]) == 0
    assert "is not paused" in capsys.readouterr().out


def contents(client: Client) -> list[dict[str, Any]]:
    return rows(client, "SELECT * FROM ugc.events ORDER BY event_id, inserted_at")


def test_what_is_missing_is_read_again_while_the_flow_goes_on_and_twice_is_as_once(
    client: Client, kafka: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka.send(message("kept", 20), message("lost", 30), b"broken, and lost")
    wait_until(lambda: shown(client, "lost") == 30, "the events")
    wait_until(lambda: count(client, "ugc.events_errors", "raw = 'broken, and lost'") == 1, "the error")
    for table in ("events", "clicks"):
        execute(client, f"DELETE FROM ugc.{table} WHERE session_id = 'lost'")
    execute(client, "TRUNCATE TABLE ugc.events_errors")
    assert shown(client, "lost") == 0
    assert main(["replay", "--from", "10m"]) == 0
    assert "30 were missing" in capsys.readouterr().out
    assert (shown(client, "lost"), shown(client, "kept")) == (30, 20)
    assert count(client, "ugc.events_errors", "raw = 'broken, and lost'") == 1
    kafka.send(message("meanwhile"))
    wait_until(lambda: shown(client, "meanwhile") == 1, "the live flow")
    before = contents(client)
    assert main(["replay", "--from", "earliest"]) == 0
    assert ", 0 were missing" in capsys.readouterr().out.replace(";", ",")
    assert contents(client) == before
    assert main(["replay", "--from", "0"]) == 0
    assert contents(client) == before
    assert count(client, "system.tables", "database = 'ugc' AND name LIKE '%replay%'") == 0


def test_a_replay_from_the_end_reads_nothing(kafka: Kafka, capsys: pytest.CaptureFixture[str]) -> None:
    kafka.send(message("last"))
    assert main(["replay", "--from", "99999999"]) == 0
    assert "0 messages with 0 events read again" in capsys.readouterr().out


def test_the_leftovers_of_an_interrupted_replay_are_taken_away(client: Client, kafka: Kafka, reading: Settings) -> None:
    kafka.send(message("interrupted", 5))
    wait_until(lambda: shown(client, "interrupted") == 5, "the events")
    with pytest.raises(OperationError, match=r"were not read within 0 s; nothing was changed"):
        replay.replay(client, reading, "earliest", within_s=0, say=lambda _: None)
    assert replay.replay(client, reading, "earliest", within_s=60, say=lambda _: None).added == 0
    assert one(client, "SELECT count() AS n FROM system.tables WHERE name LIKE '%replay%'")["n"] == 0


def test_a_broker_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic, "CALL_TIMEOUT_S", 0.3)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    assert main(["replay", "--from", "earliest"]) == 1
    assert "Kafka at 127.0.0.1:1: " in capsys.readouterr().err
    assert main(["resume"]) == 0
    assert "how far behind is unknown: Kafka at 127.0.0.1:1" in capsys.readouterr().out


def test_a_consumer_that_has_not_joined_is_paused_only_by_force(
    client: Client, reading: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = msgspec.structs.replace(reading, kafka_bootstrap="127.0.0.1:1")
    consumer.follow_brokers(client, runner.queue_statement(nowhere))
    assert main(["pause", "--join", "0"]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["pause", "--join", "0", "--force"]) == 0
