"""One embedded ClickHouse a module, with the schema in it; and, for the queue, a broker of its own."""

from __future__ import annotations

import json
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from confluent_kafka import Producer

from clickhouse.authoring.engine import engine_in, ephemeral_engine
from clickhouse.connection.client import connected, execute, rows
from clickhouse.schema import refreshes
from common import waiting
from common.names import TOPIC
from common.topic import Topic
from local import broker
from tests.support.schema import copy_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

HERE = Path(__file__).parent
COUNTED = ("activity_per_day", "pages_per_day", "films_per_day", "searches_per_day", "sessions")
"""Tables that are counted from others, each by a refreshable MV with `_mv` behind its name."""
START_S = 30.0


def cases(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return loaded


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = START_S) -> None:
    assert waiting.wait_until(condition, timeout_s), f"{what} did not happen within {timeout_s:g} s"


@pytest.fixture(scope="module")
def empty() -> Iterator[Settings]:
    """An engine with nothing in it."""
    with ephemeral_engine() as settings:
        yield settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """An engine with the whole schema, whose queue has no broker."""
    folder = tmp_path_factory.mktemp("engine")
    copy_schema(folder / "data")
    with engine_in(folder) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[Client]:
    with connected(settings) as connection:
        yield connection


@pytest.fixture(scope="module")
def by_hand(client: Client) -> None:
    """Days are counted when a test says so (`refresh`), and not in between."""
    for table in COUNTED:
        execute(client, f"ALTER TABLE ugc.{table}_mv MODIFY REFRESH EVERY 1 YEAR APPEND")
    refresh(client)  # one that was under way has ended, too


def refresh(client: Client, *tables: str) -> None:
    """Have the days that wait counted, as the schedule would; in all tables unless told otherwise."""
    refreshes.refresh(client, *(f"ugc.{table}_mv" for table in tables))


@pytest.fixture
def emptied(settings: Settings, client: Client, by_hand: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """No event and nothing made of one, and the environment of an operator; days are counted by hand."""
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", settings.url)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc' AND engine LIKE '%MergeTree'"):
        if row["name"] not in {"schema_versions", "view_files"}:
            execute(client, f"TRUNCATE TABLE ugc.{row['name']}")


def as_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def land(client: Client, *events: dict[str, Any]) -> None:
    """Write into the landing table, where the typed MVs read: `payload` is a dict or any text, times are seconds."""
    lines = []
    for event in events:
        row = {name: as_text(value) if name.endswith(("_time", "_at")) else value for name, value in event.items()}
        payload = event.get("payload", {})
        lines.append(json.dumps({**row, "payload": payload if isinstance(payload, str) else json.dumps(payload)}))
    client.raw_insert("ugc.events", insert_block="\n".join(lines).encode(), fmt="JSONEachRow")


def one(client: Client, query: str, **parameters: Any) -> dict[str, Any]:
    found = rows(client, query, **parameters)
    assert len(found) == 1, f"{len(found)} rows from {query}"
    return found[0]


def count(client: Client, table: str, where: str = "1") -> int:
    return int(one(client, f"SELECT count() AS n FROM {table} WHERE {where}")["n"])


class Kafka:
    """A broker in a child process, and a producer that has its acknowledgement before it returns."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process
        self.address = f"127.0.0.1:{port}"
        self._producer = Producer({"bootstrap.servers": self.address, "log_level": 0})

    def send(self, *values: bytes) -> None:
        for value in values:
            self._producer.produce(TOPIC, value, partition=0)
        assert self._producer.flush(START_S) == 0


@pytest.fixture(scope="module")
def kafka() -> Iterator[Kafka]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        broker.command("127.0.0.1", port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            topic = Topic(f"127.0.0.1:{port}", partitions=1, replication_factor=1)
            wait_until(topic.broker_answers, "the broker's start")
            topic.create()
            yield Kafka(port, process)
        finally:
            process.kill()
