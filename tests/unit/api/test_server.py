"""The process itself, without a broker: what it says, and how it ends."""

from __future__ import annotations

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

ROOT = Path(__file__).parents[3]


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
def _running() -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = _free_port()
    environment = _environment(UGC_API_PORT=port, UGC_API_WORKERS=1, UGC_KAFKA_BOOTSTRAP=f"127.0.0.1:{_free_port()}")
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
        assert process.stderr.read() == "the broker does not answer\n"
