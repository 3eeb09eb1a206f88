"""An embedded ClickHouse to throw away: a child process over a temporary folder, or over one that is given."""

from __future__ import annotations

import selectors
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse.connection.errors import OperationError
from clickhouse.connection.settings import Settings
from clickhouse.queue.consumer import NO_BROKER

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_S = 30
_STOP_S = 10
_ROOT = Path(__file__).parents[2]


@contextmanager
def ephemeral_engine() -> Iterator[Settings]:
    """Settings that reach it; its queue has no broker to read from."""
    with tempfile.TemporaryDirectory(prefix="ugc-check-") as folder, engine_in(Path(folder)) as settings:
        yield settings


@contextmanager
def engine_in(folder: Path) -> Iterator[Settings]:
    """Settings that reach an engine whose tables are in `folder/data`, and stay there."""
    arguments = [sys.executable, "-m", "local", "clickhouse", "--port", "0", "--data-dir", str(folder / "data")]
    log = folder / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(arguments, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield Settings(url=_ready_url(process, log), kafka_bootstrap=NO_BROKER)
        finally:
            _stop(process)


def _ready_url(process: subprocess.Popen[str], log: Path) -> str:
    if process.stdout is None:
        raise OperationError("the engine was started without a pipe")
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(_START_S) else ""
    word, _, url = line.strip().partition(" ")
    if word != "ready":
        _stop(process)
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise OperationError(
            f"the embedded ClickHouse did not start within {_START_S} s: {(last or [line.strip()])[0]}"
        )
    return url


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
