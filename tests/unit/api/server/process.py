"""The service in a process of its own, and clients that write what no HTTP library would."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import psutil
import urllib3

from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
SLOW_S = 1.5
"""How long the file that stands for the broker takes for an event of the user `slow`."""

BODY_WITHIN_S, KEPT_S = 1.0, 1.5
"""The deadlines of the service that the fixture `server` is."""

PAGE = "https://cinema.example"
BEGUN = b"POST /api/v1/events HTTP/1.1\r\nHost: a\r\n"
CLICK = {"event_type": "click", "user_id": "u1", "element": "movie"}

_WITH_A_FILE = "import sys; from api.__main__ import main; sys.exit(main([], 'tests.unit.api.server.filed:app'))"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**variables: Any) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("UGC_")}
    return {**inherited, **{name: str(value) for name, value in variables.items()}}


class Running:
    """A service that answers, and what it has stored, where that is a file."""

    def __init__(self, process: subprocess.Popen[str], port: int, file: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._file = file

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def closed_in_order(self) -> bool:
        """Whether the sink was closed, and after everything was written."""
        closed = self._file.with_suffix(".closed")
        return closed.exists() and int(closed.read_text()) == self._file.stat().st_size

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def wire(self) -> Wire:
        return Wire(self.port)

    def counted(self, status: int, route: str = "other") -> float:
        """How often such an answer was counted."""
        text = urllib3.request("GET", f"{self.url}/metrics").data.decode()
        name = re.escape(f'ugc_http_requests_total{{route="{route}",status="{status}"}}')
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0


@contextmanager
def running(*, filed: bool = False, **variables: Any) -> Iterator[Running]:
    """The service without a broker; `filed` puts a file in the broker's place, which acknowledges."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        own = {"UGC_API_PORT": port, "UGC_API_WORKERS": 1, "UGC_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
        given = environment(**{**own, "UGC_TEST_FILE": file, **variables})
        command = [sys.executable, *(("-c", _WITH_A_FILE) if filed else ("-m", "api"))]
        with subprocess.Popen(command, cwd=ROOT, env=given, stderr=subprocess.PIPE, text=True) as process:
            try:
                _wait_for_health(port)
                yield Running(process, port, file)
            finally:
                if process.poll() is None:
                    process.kill()


def _wait_for_health(port: int) -> None:
    def healthy() -> bool:
        try:
            url = f"http://127.0.0.1:{port}/healthz"
            return urllib3.request("GET", url, retries=False, timeout=1).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    assert wait_until(healthy, 20), "the service did not come up"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> Any:
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


class ClosedError(Exception):
    """The connection ended where an answer was awaited; `args[0]` is what came before."""


class Wire:
    """A connection that writes bytes as they are given, and reads answers."""

    def __init__(self, port: int, own_address: str = "") -> None:
        source = (own_address, 0) if own_address else None
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=source)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def no_more(self) -> None:
        """Close the writing side alone."""
        self._socket.shutdown(socket.SHUT_WR)

    def flood(self, data: bytes, times: int) -> int:
        """Send as long as somebody takes it; the number of bytes that were taken."""
        sent = 0
        self._socket.settimeout(0.5)
        try:
            for _ in range(times):
                sent += self._socket.send(data)
        except OSError:
            pass
        finally:
            self._socket.settimeout(20)
        return sent

    def answer(self, *, to_head: bool = False) -> Answer:
        """The next answer, a 100 among them."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split(" ")[1])
        length = 0 if to_head or status in {100, 204} else int(headers["content-length"])
        while len(self._got) < length:
            self._read()
        body, self._got = self._got[:length], self._got[length:]
        return Answer(status, headers, body)

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.answer()

    def ended(self, within_s: float = 20) -> bool:
        """Whether the other side closes, and writes nothing before."""
        self._socket.settimeout(within_s)
        try:
            self._read()
        except ClosedError:
            return self._got == b""
        except TimeoutError:
            return False
        finally:
            self._socket.settimeout(20)
        return False

    def _until(self, end: bytes) -> bytes:
        while end not in self._got:
            self._read()
        found, _, self._got = self._got.partition(end)
        return found + end

    def _read(self) -> None:
        try:
            data = self._socket.recv(65_536)
        except ConnectionResetError as error:
            raise ClosedError(self._got) from error
        if not data:
            raise ClosedError(self._got)
        self._got += data


def post(body: bytes | None = None, *headers: str, path: str = "/api/v1/events") -> bytes:
    """A POST of an event, with further lines in its head."""
    body = json.dumps(CLICK).encode() if body is None else body
    lines = [f"POST {path} HTTP/1.1", "Host: a", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def get(path: str = "/healthz", *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: a", *headers, "", ""]).encode()


def in_chunks(*chunks: bytes, end: bytes = b"0\r\n\r\n", path: str = "/api/v1/events") -> bytes:
    """A POST of an event in chunks."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def click(user: str) -> bytes:
    """An event of this user."""
    return json.dumps({**CLICK, "user_id": user}).encode()


def clicks(service: Running, user: str) -> int:
    """How many events of this user are stored."""
    return sum(event["user_id"] == user for event in service.events())
