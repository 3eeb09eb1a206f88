"""`doctor` on a whole stack: what is well, and each part that may be down or gone, named with its cause."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.__main__ import main
from clickhouse.connection.client import connected, execute
from clickhouse.connection.settings import Settings
from tests.support.stack import Stack, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from tests.integration.clickhouse.conftest import Kafka


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka) -> Iterator[Stack]:
    """With a broker that is not the stack's own, so that nobody starts it again."""
    running = Stack(tmp_path_factory.mktemp("doctor"), UGC_KAFKA_BOOTSTRAP=kafka.address).with_schema().start()
    yield running
    running.stop()


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with connected(Settings(url=stack.clickhouse)) as connection:
        yield connection


@pytest.fixture(autouse=True)
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", stack.clickhouse)
    monkeypatch.setenv("UGC_KAFKA_BOOTSTRAP", stack.bootstrap)
    monkeypatch.setenv("UGC_API_PORT", stack.variables["UGC_API_PORT"])


class Told:
    """What a run printed, and with which exit code it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> dict[str, Any]:
        code = main(["doctor", "--format", "json", *arguments])
        report: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        assert code == (1 if report["stopped"] else 0)
        return report


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


def test_a_healthy_stack_passes_every_stage_with_its_time_and_the_event_is_taken_out_again(
    stack: Stack, doctor: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    report = doctor()
    assert report["stopped"] == ""
    assert [stage["name"] for stage in report["stages"]] == [
        *("API", "broker", "ClickHouse", "consumer", "landing", "typed", "view"),
    ]
    times = [stage["milliseconds"] for stage in report["stages"]]
    assert times == sorted(times)
    assert int(stack.value("SELECT count() FROM ugc.events WHERE anonymous_id = 'ugc-doctor'")) == 0
    assert main(["doctor", "--keep"]) == 0
    assert "all is well" in capsys.readouterr().out
    assert int(stack.value("SELECT count() FROM analytics.custom_events WHERE anonymous_id = 'ugc-doctor'")) == 1


def test_an_api_that_is_down_is_named(doctor: Told) -> None:
    report = doctor("--api", "http://127.0.0.1:1")
    assert report["stopped"] == "API"
    assert "no API answers at http://127.0.0.1:1" in report["cause"]
    assert "run_app.sh" in report["next_command"]


def test_a_clickhouse_that_is_not_there_is_named(doctor: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UGC_CLICKHOUSE_URL", "http://127.0.0.1:1")
    report = doctor()
    assert report["stopped"] == "ClickHouse"
    assert "http://127.0.0.1:1 did not answer" in report["cause"]


def test_a_paused_queue_is_named_with_the_command_that_resumes_it(
    doctor: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pause"]) == 0
    capsys.readouterr()
    report = doctor("--within", "1")
    assert (report["stopped"], report["next_command"]) == ("consumer", "python -m clickhouse resume")
    assert "ugc.events_queue is detached (paused)" in report["cause"]
    assert main(["resume"]) == 0
    capsys.readouterr()
    assert doctor()["stopped"] == ""


@pytest.mark.parametrize(
    ("view", "stage", "command"),
    [
        ("ugc.custom_events_mv", "typed", "reconcile --repair"),
        ("ugc.events_mv", "landing", "replay --from"),
        ("analytics.custom_events", "view", "views --apply"),
    ],
)
def test_a_dropped_view_is_named_with_what_brings_its_rows_back(
    client: Client, doctor: Told, view: str, stage: str, command: str
) -> None:
    ddl = client.query(
        "SELECT create_table_query FROM system.tables WHERE database || '.' || name = {view:String}",
        parameters={"view": view},
    ).result_rows[0][0]
    execute(client, f"DROP VIEW {view}")
    try:
        # a block that was begun before the drop still has the view
        eventually(lambda: doctor("--within", "2")["stopped"], within_s=20)
        report = doctor("--within", "2")
    finally:
        execute(client, ddl)
    assert report["stopped"] == stage
    assert f"{view} is missing" in report["cause"]
    assert command in report["next_command"]
    # nor has a block that was begun before the view was there again
    eventually(lambda: not doctor("--within", "2")["stopped"], within_s=20)


def test_a_refused_event_is_told_with_the_answer_of_the_api(stack: Stack, doctor: Told) -> None:
    report = doctor("--api", f"{stack.url}/nowhere")
    assert report["stopped"] == "API"
    assert "404" in report["cause"]


def test_doctor_does_not_disturb_the_flow(stack: Stack, doctor: Told) -> None:
    """Events sent while it runs are all there."""
    sent: list[str] = []
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            event = {"event_type": "custom", "user_id": "flow", "name": "flow"}
            sent.append(stack.post("/api/v1/events", event).json()["event_id"])

    thread = threading.Thread(target=send)
    thread.start()
    try:
        assert doctor()["stopped"] == ""
    finally:
        stop.set()
        thread.join()
    eventually(
        lambda: int(stack.value("SELECT count() FROM analytics.custom_events WHERE user_id = 'flow'")) == len(sent),
        within_s=20,
    )


def test_a_broker_that_is_down_is_named(stack: Stack, kafka: Kafka, doctor: Told) -> None:
    """The last one: what was in this broker is gone with it."""
    kafka.process.kill()
    report = doctor("--within", "15")
    assert report["stopped"] == "broker"
    assert f"Kafka at {stack.bootstrap}: " in report["cause"]
