"""`python -m local up`: run the whole stack in the foreground until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from common.environment import SettingsError
from local.process import StartError
from local.settings import Settings, read_settings
from local.stack import ROOT, Stack

DEMO_EVENTS = 10_000
EXIT_USAGE = 2


class _StopDuringStartError(Exception):
    """A signal to stop came before everything was up."""


class _Signals:
    """SIGINT and SIGTERM: interrupt a start, stop a running stack, and never interrupt a stop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.starting = True
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._received)

    def _received(self, _number: int, _frame: Any) -> None:
        first = not self.stop.is_set()
        self.stop.set()
        if first and self.starting:
            raise _StopDuringStartError


def run(*, demo: bool) -> int:
    """Start, watch and stop the stack; returns the exit code: 0 after a stop that was asked for, 2 for bad settings."""
    out = Console(soft_wrap=True, highlight=False)
    if demo:
        # The simulated people are many clients behind one address of this machine, like those behind a proxy.
        os.environ.setdefault("UGC_TRUSTED_PROXIES", "127.0.0.1/32")
    try:
        settings = read_settings()
        stack = Stack(settings, say=lambda text: out.print(f"  {text}", markup=False))
    except (SettingsError, StartError) as error:
        return _fail(error, EXIT_USAGE)
    signals = _Signals()
    began = time.monotonic()
    code = 0
    try:
        stack.start()
        signals.starting = False
        out.print(_addresses(settings, time.monotonic() - began))
        audience = _start_audience(settings) if demo else None
        stack.supervise(signals.stop)
        if audience and audience.poll() is None:
            audience.send_signal(signal.SIGINT)
    except _StopDuringStartError:
        pass
    except StartError as error:
        code = _fail(error, 1)
    signals.starting = False
    out.print("Stopping: everything acknowledged is stored first …")
    stack.stop()
    out.print("Stopped.")
    return code


def _fail(error: Exception, code: int) -> int:
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr, flush=True)
    return code


def _addresses(settings: Settings, seconds: float) -> Table:
    table = Table(
        title=f"Ready after {seconds:.1f} s. Ctrl-C stops everything in order.", title_justify="left", box=None
    )
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.show_header = False
    table.add_row("events are posted to", f"{settings.service.url}/api/v1/events")
    table.add_row("the API documents itself", f"{settings.service.url}/apidocs")
    table.add_row("ClickHouse, over HTTP", _without_password(settings.clickhouse))
    table.add_row("Kafka", settings.service.brokers)
    table.add_row("data and logs", str(settings.folder))
    return table


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _start_audience(settings: Settings) -> subprocess.Popen[bytes]:
    """Send a small simulated day; it draws its own progress bar and summary in this terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "traffic", "--url", settings.service.url, "--events", str(DEMO_EVENTS)],
        cwd=ROOT,
    )
