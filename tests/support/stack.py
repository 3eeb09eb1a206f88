"""A stack of the tests' own: its own ports and data folder, run as a user runs it, ready by probing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psutil
import urllib3

from common.waiting import wait_until
from tests.support.schema import copy_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
HTTP = urllib3.PoolManager(maxsize=32, retries=False, timeout=urllib3.Timeout(30))


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago, all different."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def eventually(probe: Callable[[], Any], *, within_s: float, interval_s: float = 0.02) -> Any:
    """Probe until the answer is true, and return it; an AssertionError shows the last answer."""
    answer = wait_until(probe, within_s, every_s=interval_s)
    assert answer, f"not within {within_s} s; the last answer was {answer!r}"
    return answer


class Stack:
    """`python -m local up` in a folder, with what a test needs to talk to it and to hurt it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        api, kafka, clickhouse = free_ports(3)
        self.folder = folder
        self.variables = {
            "UGC_API_PORT": str(api),
            "UGC_API_WORKERS": "1",
            "UGC_KAFKA_PORT": str(kafka),
            "UGC_CLICKHOUSE_PORT": str(clickhouse),
            "UGC_DATA_DIR": str(folder / "data"),
            "UGC_RATE_LIMIT": "off",
            **variables,
        }
        self.url = f"http://127.0.0.1:{self.variables['UGC_API_PORT']}"
        self.bootstrap = self.variables.get("UGC_KAFKA_BOOTSTRAP", f"127.0.0.1:{kafka}")
        self.clickhouse = f"http://127.0.0.1:{self.variables['UGC_CLICKHOUSE_PORT']}"
        self._process: subprocess.Popen[bytes] | None = None
        self.output = folder / "up.log"

    def with_schema(self) -> Stack:
        """Let the first start find the schema made, as later starts do; `start` alone is a fresh machine's."""
        copy_schema(Path(self.variables["UGC_DATA_DIR"], "clickhouse"))
        return self

    def start(self, *arguments: str, ready_within_s: float = 90) -> Stack:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("UGC_")}
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", "up", *arguments],
                cwd=ROOT,
                env={**clean, **self.variables},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        already = self.output.read_text().count("Ready after")

        def ready() -> bool:
            assert self.running(), f"the stack ended: {self.output.read_text()}"
            return self.output.read_text().count("Ready after") > already

        eventually(ready, within_s=ready_within_s)
        return self

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def send_signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, timeout_s: float = 30) -> int:
        assert self._process is not None
        return self._process.wait(timeout_s)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout_s: float = 30) -> int:
        if self.running():
            self.send_signal(number)
        return self.wait(timeout_s)

    def child(self, name: str) -> psutil.Process:
        """Return the process of one part: broker, clickhouse or api (gunicorn's parent)."""
        marks = {"broker": r"tansu.* broker ", "clickhouse": r"local clickhouse ", "api": r"-m (local )?api$"}
        assert self._process is not None
        for process in psutil.Process(self._process.pid).children():
            if re.search(marks[name], " ".join(process.cmdline())):
                return process
        raise AssertionError(f"no {name} among the children")

    # Over HTTP

    def post(self, path: str, body: Any, **headers: str) -> urllib3.BaseHTTPResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HTTP.request("POST", self.url + path, body=data, headers={"Content-Type": "application/json", **headers})

    def send(self, *events: Mapping[str, Any], **batch: Any) -> dict[str, Any]:
        """Post events as one batch, which must be accepted; returns the answer."""
        answer = self.post("/api/v1/events/batch", {"events": list(events), **batch})
        assert answer.status == 202, answer.data
        result: dict[str, Any] = answer.json()
        return result

    def query(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        """Run a query and return its rows; 64-bit integers come as integers."""
        options = {f"param_{name}": str(value) for name, value in parameters.items()}
        answer = HTTP.request(
            "POST",
            f"{self.clickhouse}/?{urlencode(options)}",
            body=sql.encode(),
            headers={"X-ClickHouse-Format": "JSONEachRow"},
        )
        assert answer.status == 200, answer.data.decode()
        return [json.loads(line) for line in answer.data.splitlines()]

    def value(self, sql: str, **parameters: object) -> Any:
        """Return the first column of the only row."""
        (row,) = self.query(sql, **parameters)
        return next(iter(row.values()))
