"""The process itself, without a broker: what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(**variables: Any) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("UGC_")}
    return {**inherited, **{name: str(value) for name, value in variables.items()}}


def _run(**variables: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api"],
        cwd=ROOT,
        env=_environment(**variables),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@contextmanager
def _running(**variables: Any) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = _free_port()
    environment = _environment(UGC_API_PORT=port, UGC_API_WORKERS=1, UGC_KAFKA_BOOTSTRAP=f"127.0.0.1:{_free_port()}")
    environment |= {name: str(value) for name, value in variables.items()}
    command = [sys.executable, "-m", "api"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_for_health(port)
            yield process, port
        finally:
            if process.poll() is None:
                process.kill()


def _wait_for_health(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if urllib3.request("GET", f"http://127.0.0.1:{port}/healthz", retries=False, timeout=1).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            threading.Event().wait(0.05)
    raise AssertionError("the service did not come up")


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
    with _running() as (process, port), socket.create_connection(("127.0.0.1", port)), urllib3.PoolManager() as kept:
        assert kept.request("GET", f"http://127.0.0.1:{port}/healthz").status == 200
        asked = time.monotonic()
        process.send_signal(how)
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - asked < 6


def test_without_a_broker_it_lives_is_not_ready_and_acknowledges_nothing() -> None:
    event = {"event_type": "click", "user_id": "u1", "element": "movie"}
    with _running() as (process, port), urllib3.PoolManager(retries=False, timeout=10) as client:
        url = f"http://127.0.0.1:{port}"
        assert client.request("GET", f"{url}/readyz").status == 503
        answer = client.request("POST", f"{url}/api/v1/events", json=event)
        assert answer.status == 503
        assert answer.headers["Retry-After"].isdigit()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        lines = [json.loads(line) for line in process.stderr.read().splitlines()]
        assert [line["message"] for line in lines] == ["the broker does not answer", "rejected"]
        assert lines[1]["reasons"] == {"broker_unavailable": 1}
        assert lines[1]["request_id"] == answer.headers["X-Request-Id"]


NOT_HTTP = {
    "no HTTP": (b"hello\r\n\r\n", 400),
    "a long line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
    "a large header": (b"GET / HTTP/1.1\r\na: " + b"a" * 9000 + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"a: a\r\n" * 100 + b"\r\n", 431),
    "both lengths": (b"POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400),
}


def _read_all(connection: socket.socket) -> bytes:
    connection.settimeout(20)
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def test_what_is_no_request_is_a_problem_too_and_ends_the_connection() -> None:
    with _running() as (_, port):
        for sent, status in NOT_HTTP.values():
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(sent)
                head, _, body = _read_all(connection).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status), (sent[:20], head)
            assert b"application/problem+json" in head
            assert json.loads(body)["status"] == status


def test_connections_without_a_whole_request_are_ended() -> None:
    with _running() as (_, port):
        address = ("127.0.0.1", port)
        with socket.create_connection(address) as silent, socket.create_connection(address) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n")
            with socket.create_connection(address) as idle:
                idle.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
                assert _read_all(idle).startswith(b"HTTP/1.1 200"), "and ended, after five idle seconds"
            assert _read_all(slow).startswith(b"HTTP/1.1 408")
            assert _read_all(silent).startswith(b"HTTP/1.1 408")


def test_limit_and_figures_are_those_of_all_workers_together() -> None:
    with _running(UGC_API_WORKERS=3, UGC_RATE_LIMIT="30/hour") as (process, port), urllib3.PoolManager() as client:
        url = f"http://127.0.0.1:{port}"
        headers = {"Connection": "close", "Content-Type": "application/json"}
        statuses = [
            client.request("POST", f"{url}/api/v1/events", body=b"{", headers=headers, retries=False).status
            for _ in range(50)
        ]
        assert (statuses.count(400), statuses.count(429)) == (30, 20)
        text = client.request("GET", f"{url}/metrics").data.decode()
        assert 'ugc_http_requests_total{route="/api/v1/events",status="400"} 30.0' in text
        assert 'ugc_rejections_total{reason="malformed_json"} 30.0' in text
        assert 'ugc_rejections_total{reason="rate_limit"} 20.0' in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_workers_are_replaced_after_their_requests_and_nobody_notices() -> None:
    with _running(UGC_API_MAX_REQUESTS=20, UGC_RATE_LIMIT="off") as (_, port), urllib3.PoolManager() as client:
        url = f"http://127.0.0.1:{port}/healthz"
        for _ in range(100):
            assert (
                client.request("GET", url, retries=urllib3.Retry(connect=20, read=0, backoff_factor=0.1)).status == 200
            )


def test_service_that_drains_is_not_ready_but_still_there() -> None:
    with _running(UGC_API_DRAIN_SECONDS=3) as (process, port), urllib3.PoolManager(retries=False) as client:
        url = f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2
        while "Connection" not in (answer := client.request("GET", f"{url}/healthz")).headers:
            assert time.monotonic() < deadline
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        assert client.request("GET", f"{url}/readyz").status == 503
        assert process.wait(timeout=30) == 0
