"""The process itself, without a broker: what it says, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import psutil
import pytest
import urllib3

from common.waiting import wait_until
from tests.unit.api.server.process import CLICK, ROOT, ClosedError, environment, get, post, running

if TYPE_CHECKING:
    from tests.unit.api.server.process import Running

SLOW = post(json.dumps({**CLICK, "user_id": "slow"}).encode())


def _run(**variables: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _run(UGC_API_PORT=port)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: cannot listen on 127.0.0.1:{port}")


def test_wrong_variable_is_one_clear_line() -> None:
    done = _run(UGC_API_PORT="abc")
    assert (done.returncode, done.stderr) == (2, "error: UGC_API_PORT=abc: expected an integer from 1 to 65535\n")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_in_seconds_in_spite_of_idle_connections(how: signal.Signals) -> None:
    with running() as service, service.wire(), service.wire() as kept:
        assert kept.ask(get()).status == 200
        asked = time.monotonic()
        service.process.send_signal(how)
        assert service.process.wait(timeout=10) == 0
        assert time.monotonic() - asked < 6


def test_without_a_broker_it_lives_is_not_ready_and_acknowledges_nothing() -> None:
    with running() as service, urllib3.PoolManager(retries=False, timeout=10) as client:
        assert client.request("GET", f"{service.url}/readyz").status == 503
        answer = client.request("POST", f"{service.url}/api/v1/events", json=CLICK)
        assert answer.status == 503
        assert answer.headers["Retry-After"].isdigit()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=10) == 0
        assert service.process.stderr is not None
        lines = [json.loads(line) for line in service.process.stderr.read().splitlines()]
        assert [line["message"] for line in lines] == ["the broker does not answer", "rejected"]
        assert lines[1]["reasons"] == {"broker_unavailable": 1}
        assert lines[1]["request_id"] == answer.headers["X-Request-Id"]


def test_connections_without_a_whole_request_are_ended() -> None:
    with running(UGC_KEEPALIVE_SECONDS=2) as service, service.wire() as silent, service.wire() as slow:
        slow.send(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
        with service.wire() as idle, service.wire() as begun:
            assert idle.ask(get()).status == begun.ask(get()).status == 200
            begun.send(get()[:10])
            assert idle.ended(), "after two idle seconds"
            assert not begun.ended(within_s=1), "which is not idle"
        for each in (silent, slow):
            answer = each.answer()
            assert (answer.problem["status"], answer.headers["connection"]) == (408, "close")
        assert service.counted(408) == 2


def test_limit_and_figures_are_those_of_all_workers_together() -> None:
    with running(UGC_API_WORKERS=3, UGC_RATE_LIMIT="30/hour") as service, urllib3.PoolManager() as client:
        headers = {"Connection": "close", "Content-Type": "application/json"}
        statuses = [
            client.request("POST", f"{service.url}/api/v1/events", body=b"{", headers=headers, retries=False).status
            for _ in range(50)
        ]
        assert (statuses.count(400), statuses.count(429)) == (30, 20)
        text = client.request("GET", f"{service.url}/metrics").data.decode()
        assert 'ugc_http_requests_total{route="/api/v1/events",status="400"} 30.0' in text
        assert 'ugc_rejections_total{reason="malformed_json"} 30.0' in text
        assert 'ugc_rejections_total{reason="rate_limit"} 20.0' in text
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=30) == 0


def test_service_that_drains_is_not_ready_but_still_there() -> None:
    with running(UGC_API_DRAIN_SECONDS=3) as service, urllib3.PoolManager(retries=False) as client:
        service.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2
        while "Connection" not in (answer := client.request("GET", f"{service.url}/healthz")).headers:
            assert time.monotonic() < deadline
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        assert client.request("GET", f"{service.url}/readyz").status == 503
        assert service.process.wait(timeout=30) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_request_that_is_under_way_is_answered_before_the_end(how: signal.Signals) -> None:
    with running(filed=True) as service, service.wire() as wire, service.wire() as kept:
        assert kept.ask(get()).status == 200
        wire.send(SLOW)
        service.process.send_signal(how)
        # One that was kept open may send for a moment more, and then knows that it ends.
        assert wait_until(lambda: kept.ask(get()).headers.get("connection") == "close", 1, every_s=0.01)
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (202, "close")
        assert service.process.wait(timeout=10) == 0
        assert [event["user_id"] for event in service.events()] == ["slow"]
        assert service.closed_in_order()


def test_half_a_body_holds_the_end_up_only_for_a_while() -> None:
    with running(filed=True, UGC_BODY_TIMEOUT_SECONDS=25) as service, service.wire() as wire:
        wire.send(post()[:-5])
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=14) == 0
        assert service.closed_in_order()


class Traffic:
    """Clients that keep their connections open, and make new ones only when they were told that theirs ends."""

    def __init__(self, service: Running, clients: int = 4) -> None:
        self.answered = 0
        self.lost: list[BaseException] = []
        self._service = service
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                with self._service.wire() as wire:
                    while not self._over.is_set():
                        answer = wire.ask(post())
                        assert answer.status == 202
                        self.answered += 1
                        if answer.headers.get("connection") == "close":
                            break
                        self._over.wait(0.002)
            except (ClosedError, OSError, AssertionError) as error:
                self.lost.append(error)
                return


def test_reload_replaces_all_workers_and_no_answer_is_lost() -> None:
    with running(filed=True, UGC_API_WORKERS=2, UGC_RATE_LIMIT="off") as service:
        before = {worker.pid for worker in service.workers()}
        with Traffic(service) as traffic:
            service.process.send_signal(signal.SIGHUP)
            assert wait_until(lambda: before.isdisjoint(worker.pid for worker in service.workers()), 20)
            so_far = traffic.answered
            assert wait_until(lambda: traffic.answered > so_far + 100, 10)
        assert traffic.lost == []
        assert len(service.events()) == traffic.answered


def test_workers_are_replaced_after_their_requests_and_nobody_notices() -> None:
    with running(filed=True, UGC_API_MAX_REQUESTS=50, UGC_RATE_LIMIT="off") as service:
        seen: set[int] = set()

        def replaced_twice() -> bool:
            seen.update(worker.pid for worker in service.workers())
            return len(seen) > 2

        with Traffic(service) as traffic:
            assert wait_until(replaced_twice, 30)
        assert traffic.lost == []
        assert len(service.events()) == traffic.answered


def test_workers_do_not_outlive_their_parent() -> None:
    with running() as service, service.wire() as wire:
        assert wire.ask(get()).status == 200
        workers = service.workers()
        service.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert alive == []


def test_clients_can_connect_while_a_worker_is_held_up() -> None:
    with running(filed=True) as service:
        (worker,) = service.workers()
        worker.suspend()
        try:
            waiting = [service.wire() for _ in range(1000)]
            for wire in waiting:
                wire.send(get("/healthz", "Connection: close"))
        finally:
            worker.resume()
        for wire in waiting:
            with wire:
                assert wire.answer().status == 200
