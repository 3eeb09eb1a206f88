"""The server as a child process, and a plain HTTP client for it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psutil
import urllib3

if TYPE_CHECKING:
    from pathlib import Path

STOP_S = 15.0


class Server:
    """`python -m local clickhouse` on a free port, with variables of its environment."""

    def __init__(self, data_dir: Path, port: int = 0, **variables: str) -> None:
        self.data_dir = data_dir
        command = [sys.executable, "-m", "local", "clickhouse", "--port", str(port), "--data-dir", str(data_dir)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **variables}
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            _, errors = self.process.communicate()
            raise AssertionError(f"exit code {self.process.returncode}: {errors}")
        self.url = line.split()[1]
        self.port = int(self.url.rpartition(":")[2])
        self.http = urllib3.PoolManager(maxsize=64, retries=False)

    def request(
        self,
        method: str = "POST",
        body: Any = b"",
        headers: dict[str, str] | None = None,
        path: str = "/",
        *,
        raw: bool = False,
        **options: str,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.url}{path}" + ("?" + urlencode(options) if options else "")
        return self.http.request(method, url, body=body, headers=headers, preload_content=not raw, decode_content=False)

    def sql(self, query: str, **options: str) -> str:
        """The result of a statement as text. Asserts that it succeeds."""
        response = self.request("POST", query.encode(), None, "/", raw=False, **options)
        assert response.status == 200, response.data
        return response.data.decode().rstrip("\n")

    def resident_memory(self) -> int:
        """Resident bytes of the process, now."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.http.clear()
        self.process.terminate()
        return self._wait()

    def kill(self) -> None:
        self.http.clear()
        self.process.kill()
        self._wait()

    def _wait(self) -> int:
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code
