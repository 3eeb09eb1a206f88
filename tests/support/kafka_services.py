"""The API and ClickHouse as production runs them, each as a process of its own, in front of a broker of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import urllib3

from tests.support.schema import copy_schema
from tests.support.stack import HTTP, ROOT, eventually, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

START_S = 60
STOP_S = 20


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with these variables of the project and no others."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UGC_")}
    return {**clean, **variables}


class Service:
    """One `python -m …`, its output in a file, for as long as the block lasts."""

    def __init__(self, folder: Path, name: str, *arguments: str, **variables: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment(variables),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def answers(self, url: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return HTTP.request("GET", url).status == 200
        except urllib3.exceptions.HTTPError:
            return False


@contextmanager
def api(folder: Path, **variables: str) -> Iterator[tuple[Service, str]]:
    """Run `python -m api`; yields it and its URL when it is alive, which does not mean ready."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    given = {"UGC_API_WORKERS": "1", "UGC_RATE_LIMIT": "off", **variables, "UGC_API_PORT": str(port)}
    with Service(folder, "api", "api", **given) as service:
        eventually(lambda: service.answers(f"{url}/healthz"), within_s=START_S)
        yield service, url


@contextmanager
def clickhouse(folder: Path, **variables: str) -> Iterator[tuple[Service, str]]:
    """Run the embedded ClickHouse with the whole schema in it; yields it and its URL."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    options = ("--port", str(port), "--data-dir", str(folder / "clickhouse"))
    copy_schema(folder / "clickhouse")
    with Service(folder, "clickhouse", "local", "clickhouse", *options, **variables) as service:
        eventually(lambda: service.answers(f"{url}/ping"), within_s=START_S)
        migrated = Service(folder, "migrate", "clickhouse", "migrate", **variables, UGC_CLICKHOUSE_URL=url)
        with migrated:
            assert migrated.process.wait(START_S) == 0, migrated.log.read_text()
        yield service, url


def value(url: str, sql: str) -> Any:
    """Return what ClickHouse answers to a query, as text."""
    answer = HTTP.request("POST", url, body=sql.encode())
    assert answer.status == 200, answer.data
    return answer.data.decode().strip()
