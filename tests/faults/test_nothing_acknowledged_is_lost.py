"""Parts are stopped and killed in the middle of traffic.

The oracle: every event that was answered 2xx is in ClickHouse, the typed tables agree with the landing table, and the
readers show nothing twice.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import urllib3

from common.topic import Topic
from common.waiting import wait_until
from tests.support.acknowledged import TABLES, read_acknowledged
from tests.support.stack import HTTP, ROOT, Stack, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Traffic:
    """The traffic generator in a process of its own, keeping a list of what was acknowledged."""

    def __init__(self, stack: Stack, folder: Path, events: int, *options: str) -> None:
        self._acknowledged = folder / "acknowledged.tsv"
        self._log = (folder / "traffic.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench", "traffic", "--url", stack.url, "--rate", "max"),
                *("--events", str(events), "--acknowledged", str(self._acknowledged), *options),
            ],
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def acknowledged(self) -> dict[str, str]:
        """Return what was acknowledged so far: event type by event id."""
        return read_acknowledged(self._acknowledged)

    def wait_for(self, count: int) -> None:
        eventually(lambda: len(self.acknowledged()) >= count, within_s=60, interval_s=0.05)

    def finish(self, timeout_s: float = 120) -> None:
        self._process.wait(timeout_s)

    def break_off(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self.finish()

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    running = Stack(tmp_path).with_schema().start()
    yield running
    running.stop()


@pytest.fixture
def traffic(stack: Stack, tmp_path: Path) -> Iterator[Traffic]:
    sending = Traffic(stack, tmp_path, events=40_000)
    yield sending
    sending.close()


def missing(stack: Stack, acknowledged: dict[str, str]) -> set[str]:
    rows = stack.query("SELECT DISTINCT event_id FROM ugc.events")
    return set(acknowledged) - {row["event_id"] for row in rows}


def assert_everything_is_there_once(stack: Stack, acknowledged: dict[str, str]) -> None:
    assert acknowledged
    eventually(lambda: not missing(stack, acknowledged), within_s=30, interval_s=0.3)
    for event_type, table in TABLES.items():
        eventually(
            lambda table=table, event_type=event_type: (  # type: ignore[misc]
                stack.value(f"SELECT uniqExact(event_id) FROM ugc.{table}")
                == stack.value(f"SELECT uniqExact(event_id) FROM ugc.events WHERE event_type = '{event_type}'")
            ),
            within_s=5,
            interval_s=0.3,
        )
        assert stack.value(f"SELECT count() - uniqExact(event_id) FROM analytics.{table}") in {0, "0"}
    assert stack.value("SELECT count() FROM ugc.events_errors") in {0, "0"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_in_the_middle_of_traffic_ends_cleanly_and_keeps_everything(
    stack: Stack, traffic: Traffic, number: signal.Signals
) -> None:
    traffic.wait_for(5_000)
    assert stack.stop(number, timeout_s=15) == 0
    traffic.break_off()
    stack.start(ready_within_s=15)
    assert_everything_is_there_once(stack, traffic.acknowledged())


def test_a_killed_clickhouse_comes_back_and_has_everything(stack: Stack, traffic: Traffic) -> None:
    traffic.wait_for(5_000)
    stack.child("clickhouse").kill()
    before = len(traffic.acknowledged())
    traffic.wait_for(before + 2_000)
    event_id = stack.post("/api/v1/events", {"event_type": "custom", "user_id": "u", "name": "n"}).json()["event_id"]
    eventually(lambda: arrived(stack, event_id), within_s=15)
    traffic.finish()
    assert_everything_is_there_once(stack, traffic.acknowledged())


def test_a_killed_broker_comes_back_and_what_was_consumed_stays(stack: Stack, tmp_path: Path) -> None:
    first = posted(stack)
    eventually(lambda: arrived(stack, first), within_s=15)
    stack.child("broker").kill()
    assert_comes_back(stack)
    assert arrived(stack, first)
    later = Traffic(stack, tmp_path, events=5_000)
    later.finish()
    assert_everything_is_there_once(stack, later.acknowledged())
    later.close()


def test_a_broker_killed_before_it_answered_a_commit_comes_back_and_what_was_consumed_stays(stack: Stack) -> None:
    """A consumer that waits for such an answer never ends by itself."""
    first = posted(stack)
    eventually(lambda: arrived(stack, first), within_s=15)
    consumed = stop_broker_before_a_commit(stack)
    stack.child("broker").kill()
    assert_comes_back(stack)
    assert arrived(stack, consumed)


def posted(stack: Stack) -> str:
    """The id of an event that was accepted; empty while there is no broker."""
    answer = stack.post("/api/v1/events", {"event_type": "custom", "user_id": "u", "name": "n"})
    assert answer.status in {202, 503}
    return str(answer.json()["event_id"]) if answer.status == 202 else ""


def assert_comes_back(stack: Stack) -> None:
    event_id = eventually(lambda: posted(stack), within_s=15)
    eventually(lambda: arrived(stack, event_id), within_s=15)


def stop_broker_before_a_commit(stack: Stack) -> str:
    """Stop the broker's process between a read and its commit; return the id of the event that was read."""
    slow = (
        "CREATE MATERIALIZED VIEW ugc.slow_mv ENGINE = Memory AS "
        "SELECT event_id, sleepEachRow(1) AS slept FROM ugc.events"
    )
    assert HTTP.request("POST", stack.clickhouse, body=slow).status == 200
    broker = stack.child("broker")
    for _ in range(10):
        event_id = posted(stack)

        def written(event_id: str = event_id) -> bool:
            return arrived(stack, event_id, "ugc.slow_mv")

        wait_until(written, 0.8)
        broker.suspend()
        if not written() and wait_until(written, 1.5):
            # Written after the broker stopped, and so committed after that, too: it is asked within moments.
            wait_until(lambda: False, 0.3)
            return event_id
        broker.resume()
        eventually(written, within_s=15)
    raise AssertionError("the broker was never stopped between a read and its commit")


def test_a_killed_api_comes_back_and_has_acknowledged_nothing_that_is_lost(stack: Stack, traffic: Traffic) -> None:
    traffic.wait_for(5_000)
    stack.child("api").kill()
    traffic.finish()
    assert_everything_is_there_once(stack, traffic.acknowledged())


def test_a_broker_that_has_grown_gives_its_memory_back_and_loses_nothing(stack: Stack, tmp_path: Path) -> None:
    traffic = Traffic(stack, tmp_path, 250_000, "--request-kb", "200")
    traffic.finish()
    topic = Topic(stack.bootstrap)
    # A topic that was created again counts from 0.
    eventually(lambda: sum(topic.ends().values()) < 10, within_s=30, interval_s=0.2)
    assert stack.child("broker").memory_info().rss < 48 << 20
    assert_everything_is_there_once(stack, traffic.acknowledged())
    traffic.close()
    assert HTTP.request("GET", f"{stack.url}/readyz").status == 200


def arrived(stack: Stack, event_id: str, table: str = "analytics.events") -> bool:
    """Return whether the event is to be seen; False also while ClickHouse is away."""
    try:
        return bool(stack.query(f"SELECT 1 FROM {table} WHERE event_id = {{id:UUID}}", id=event_id))
    except urllib3.exceptions.HTTPError:
        return False
