"""Delivery on Apache Kafka, while the broker, ClickHouse or the API's processes go away under load.

What is answered 202 is shown once by the readers, what was never sent is never shown, and clients see nothing but 202
and 503 as long as somebody listens. UGC_TEST_OUTAGE_S makes the broker stay away for longer than the few seconds here.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.kafka import KafkaBroker
from tests.support.kafka_audience import Audience, assert_audience_is_there_once, ids
from tests.support.kafka_load import Load, assert_all_is_there_once
from tests.support.stack import HTTP, Stack, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil

OUTAGE_S = float(os.environ.get("UGC_TEST_OUTAGE_S", "10"))
RECOVERY_S = 5.0


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker that may be hurt."""
    broker = KafkaBroker(tmp_path_factory.mktemp("kafka")).start()
    yield broker
    broker.resume()
    broker.stop()


@pytest.fixture(scope="module")
def stack(kafka: KafkaBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("stack"), **kafka.variables(), UGC_API_WORKERS="2").with_schema().start()
    yield running
    assert running.stop() == 0


def go_away(kafka: KafkaBroker, how: str) -> None:
    {"hangs": kafka.pause, "is stopped": kafka.stop, "is killed": kafka.kill}[how]()


def come_back(kafka: KafkaBroker, how: str) -> None:
    if how == "hangs":
        kafka.resume()
    else:
        kafka.start()


@pytest.mark.parametrize("how", ["hangs", "is stopped", "is killed"])
def test_a_broker_that_goes_away_costs_503s_only_and_everything_recovers(
    stack: Stack, kafka: KafkaBroker, how: str
) -> None:
    clickhouse = stack.child("clickhouse").pid
    with Load(stack.url, rate=200) as load:
        load.wait_for(200)
        go_away(kafka, how)
        load.go_on(OUTAGE_S)
        come_back(kafka, how)
        back = time.monotonic()
        load.go_on(RECOVERY_S)
        load.wait_for(200, since=back + RECOVERY_S)
    assert set(load.outcomes()) == {"202", "503"}
    assert set(load.outcomes(since=back + RECOVERY_S)) == {"202"}
    assert_all_is_there_once(stack, load)
    assert stack.child("clickhouse").pid == clickhouse


def test_a_broker_that_is_away_is_answered_for_within_50_ms_once_that_is_known(
    stack: Stack, kafka: KafkaBroker
) -> None:
    with Load(stack.url, rate=200) as load:
        load.wait_for(200)
        kafka.pause()
        paused = time.monotonic()
        eventually(lambda: load.outcomes(since=paused).get("503"), within_s=15)
        load.go_on(1)
        known = time.monotonic()
        assert HTTP.request("GET", f"{stack.url}/readyz").status == 503
        load.go_on(4)
        end = time.monotonic()
        kafka.resume()
        load.wait_for(200, since=end + RECOVERY_S)
    refused = [answer for answer in load.answers if known <= answer.at < end]
    assert {answer.status for answer in refused} == {503}
    # Most, not all: the machine has other things to do, and now and then one request looks whether the broker is back.
    took_ms = sorted(answer.took_s * 1000 for answer in refused)
    assert took_ms[len(took_ms) * 95 // 100] < 50
    assert_all_is_there_once(stack, load)


def workers(stack: Stack) -> list[psutil.Process]:
    return stack.child("api").children()


def test_a_reload_of_the_api_is_not_noticed_by_its_clients(stack: Stack) -> None:
    before = {worker.pid for worker in workers(stack)}
    with Load(stack.url, rate=500) as load:
        load.wait_for(500)
        stack.child("api").send_signal(1)
        eventually(
            lambda: len(workers(stack)) == 2 and not before & {worker.pid for worker in workers(stack)}, within_s=30
        )
        load.wait_for(1000, since=time.monotonic())
    assert set(load.outcomes()) == {"202"}
    assert_all_is_there_once(stack, load)


def test_a_stop_of_the_api_resets_no_connection_and_loses_nothing(stack: Stack) -> None:
    with Load(stack.url, rate=500) as load:
        load.wait_for(500)
        api = stack.child("api")
        api.terminate()
        eventually(lambda: not api.is_running(), within_s=20)
        stopped = time.monotonic()
        load.wait_for(500, since=stopped)
    assert set(load.outcomes()) <= {"202", "refused"}
    assert_all_is_there_once(stack, load)


def test_a_killed_worker_costs_what_it_was_answering_and_nothing_that_was_acknowledged(stack: Stack) -> None:
    with Load(stack.url, rate=500) as load:
        load.wait_for(500)
        victim = workers(stack)[0]
        killed = time.monotonic()
        victim.kill()
        eventually(lambda: len(workers(stack)) == 2 and victim not in workers(stack), within_s=20)
        load.wait_for(1000, since=time.monotonic())
    assert load.outcomes(until=killed - 1).keys() == {"202"}
    assert load.outcomes(since=killed + RECOVERY_S).keys() <= {"202"}
    assert "503" not in load.outcomes()
    assert_all_is_there_once(stack, load)


def test_a_killed_clickhouse_comes_back_and_shows_everything_once(stack: Stack) -> None:
    with Load(stack.url, rate=200) as load:
        load.wait_for(400)
        clickhouse = stack.child("clickhouse")
        clickhouse.kill()
        load.wait_for(1000)
    assert set(load.outcomes()) == {"202"}
    assert_all_is_there_once(stack, load)


def test_an_audience_that_repeats_what_failed_is_shown_once_whatever_is_killed(
    stack: Stack, kafka: KafkaBroker, tmp_path: Path
) -> None:
    before = set(ids(stack, "events"))
    with Audience(stack, tmp_path, rate=200, seconds=12) as audience:
        audience.wait_for(1_000)
        kafka.kill()
        stack.child("clickhouse").kill()
        kafka.start()
        workers(stack)[0].kill()
    assert audience.repeats() > 0
    assert set(audience.answers()) <= {"202", "503", "connection failed"}
    assert_audience_is_there_once(stack, audience, before)
