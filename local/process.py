"""Child processes of the stack: started in their own session, logged to a file, ended with their parent."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

KEPT_LOG_BYTES = 10_000_000
PROBE_INTERVAL_S = 0.03


class StartError(RuntimeError):
    """A part of the stack did not come up; the text says which one, why, and where its log is."""


def _end_with_parent() -> Callable[[], None] | None:
    """Return what a Linux child runs first, so that a killed parent leaves no orphan that holds ports and folders."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    pr_set_pdeathsig = 1
    return lambda: prctl(pr_set_pdeathsig, signal.SIGTERM)


class Child:
    """One process of the stack, which can be started again after it died."""

    def __init__(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id. Raises RuntimeError before the first start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        mode = "wb" if self.log.exists() and self.log.stat().st_size > KEPT_LOG_BYTES else "ab"
        with self.log.open(mode) as log:
            # A session of its own keeps the terminal's Ctrl-C from the child: the stack decides the order of stopping.
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - the stack starts its children from its only thread
            )

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Probe until `ready`. Raises StartError when the process ends or the time is over before that."""

        def is_ready() -> bool:
            if ready():
                return True
            if not self.running():
                raise StartError(f"{self.name} ended at once: {self.last_words()} (log: {self.log})")
            return False

        if not wait_until(is_ready, timeout_s, every_s=PROBE_INTERVAL_S):
            raise StartError(f"{self.name} did not answer within {timeout_s:.0f} s (log: {self.log})")

    def stop(self, timeout_s: float) -> bool:
        """Ask the process to end, and end it after `timeout_s`. Returns whether it went by itself."""
        if self._process is None or self._process.poll() is not None:
            return True
        self._process.terminate()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def last_words(self) -> str:
        """Return the last line of the log that says something."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-50:]
        except OSError:
            return "no log"
        return next((line.strip() for line in reversed(lines) if line.strip()), "no message")
