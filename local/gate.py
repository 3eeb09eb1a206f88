"""The gate between the API's workers and the embedded broker, as two file locks that die with whoever holds them.

The broker's memory is given back by deleting the topic, and no message may be on its way then. The stack is the keeper
of the gate, each API worker a passer:

- `hold`: the keeper takes it exclusively to ask for a pause; a passer that cannot share it for a moment sees the wish.
- `flow`: each passer shares it while messages may be on their way; when the keeper gets it exclusively, none is.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROBE_INTERVAL_S = 0.01


class GateBusyError(RuntimeError):
    """A passer did not finish in time; nothing was held up."""


def _open(file: Path) -> IO[bytes]:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("ab")


def _try_lock(file: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Keeper:
    """The stack's side of the gate."""

    def __init__(self, folder: Path) -> None:
        self._hold = _open(folder / "hold.lock")
        self._flow = _open(folder / "flow.lock")

    def close(self) -> None:
        self._hold.close()
        self._flow.close()

    @contextmanager
    def held(self, timeout_s: float) -> Iterator[None]:
        """Hold up every passer while the block runs.

        Raises:
            GateBusyError: a passer still has messages on their way after `timeout_s`.

        """
        fcntl.flock(self._hold, fcntl.LOCK_EX)
        try:
            if not wait_until(lambda: _try_lock(self._flow, fcntl.LOCK_EX), timeout_s, every_s=PROBE_INTERVAL_S):
                raise GateBusyError(f"messages were still on their way after {timeout_s:.1f} s")
            yield
        finally:
            fcntl.flock(self._flow, fcntl.LOCK_UN)
            fcntl.flock(self._hold, fcntl.LOCK_UN)


class Passer:
    """A worker's side of the gate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lane: IO[bytes] | None = None
        self._hold = _open(folder / "hold.lock")
        self._flow = _open(folder / "flow.lock")

    def close(self) -> None:
        """Leave for good."""
        self._hold.close()
        self._flow.close()
        if self._lane:
            self._lane.close()

    def hold_wanted(self) -> bool:
        if not _try_lock(self._hold, fcntl.LOCK_SH):
            return True
        fcntl.flock(self._hold, fcntl.LOCK_UN)
        return False

    def try_enter(self) -> bool:
        """Say that messages will be on their way from now on; False while the gate is held."""
        if self.hold_wanted() or not _try_lock(self._flow, fcntl.LOCK_SH):
            return False
        if self.hold_wanted():
            # Asked between the two locks: whoever asked goes first.
            self.leave()
            return False
        return True

    def claim_lane(self, lanes: int) -> int | None:
        """Return the number of a lane that is this passer's alone for its life, or None while all are taken.

        The embedded broker can hide a message from its consumer when two producers write to a partition at once, so
        each worker has a partition of its own.
        """
        for lane in range(lanes):
            claim = _open(self._folder / f"lane-{lane}.lock")
            if _try_lock(claim, fcntl.LOCK_EX):
                self._lane = claim
                return lane
            claim.close()
        return None

    def leave(self) -> None:
        """Say that nothing is on its way."""
        fcntl.flock(self._flow, fcntl.LOCK_UN)
