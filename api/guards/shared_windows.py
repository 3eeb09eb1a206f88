"""A `limits` storage in memory that all workers of the service share, so that a limit holds for the service.

A file in a folder of the running service is mapped into every worker: a hash table of moving windows. A window is cut
into 57 slices, each with a count; a slice leaves the window when all of it is too old, so that a limit may hold a
client up for 1/57 of its time too long and never lets too much through. The table has a fixed size: when a set of
it is full, the window that was used longest ago makes room.
"""

from __future__ import annotations

import fcntl
import mmap
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from limits.aio.storage import MovingWindowSupport, Storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONLY_MOVING_WINDOWS: Final = "this storage has moving windows only; use Redis for another strategy"
SLICES: Final = 57
SETS: Final = 4096
WAYS: Final = 4
_COUNTS: Final = SLICES + 1
"""The current slice is still being filled."""

# A window: the digest of its key; the slice that was used last, the first one that may hold anything, the sum of all
# counts; the counts.
_KEY_BYTES: Final = 16
_LONG, _COUNT = 8, 4
_USED_AT: Final = _KEY_BYTES
_COUNTS_AT: Final = _USED_AT + 3 * _LONG
_WINDOW_BYTES: Final = _COUNTS_AT + _COUNTS * _COUNT
_SET_BYTES: Final = _WINDOW_BYTES * WAYS
_NO_COUNTS: Final = memoryview(bytes(_COUNTS * _COUNT)).cast("I")
TABLE_BYTES: Final = SETS * _SET_BYTES


class SharedWindows(Storage, MovingWindowSupport):
    """See the module. One per worker, all over the same file."""

    STORAGE_SCHEME = ("async+shared-windows",)  # type: ignore[assignment]

    def __init__(self, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        """`file` is created if need be; without one, the windows are this process's own. `clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._file = None if file is None else file.open("a+b")
        if self._file is None:
            self._table = mmap.mmap(-1, TABLE_BYTES)
        else:
            self._file.truncate(TABLE_BYTES)
            self._table = mmap.mmap(self._file.fileno(), TABLE_BYTES)
        self._longs = memoryview(self._table).cast("q")
        self._counts = memoryview(self._table).cast("I")
        self._last: tuple[str, float, int] | None = None

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether `amount` more fit into the window of `expiry` seconds; if so, they are counted."""
        digest, place = _place(key)
        self._lock(place)
        try:
            # Read under the lock, so that no other worker has been here with a later time.
            now = int(self._clock() * SLICES / expiry)
            at = self._find(digest, place, now)
            longs = (at + _USED_AT) // _LONG
            used = self._longs[longs + 2]
            fits = used + amount <= limit
            if fits:
                used += amount
                self._longs[longs + 2] = used
                self._counts[(at + _COUNTS_AT) // _COUNT + now % _COUNTS] += amount
            first = min(now, self._longs[longs + 1])
        finally:
            self._unlock(place)
        # `expiry` seconds after this, the first slice leaves the window.
        self._last = key, (first + _COUNTS) * expiry / SLICES - expiry, used
        return fits

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When the oldest entry came, in seconds since 1970, and how many there are."""
        if self._last is None or self._last[0] != key:
            await self.acquire_entry(key, limit, expiry, 0)
        # Otherwise it is called right after `acquire_entry`, which has just looked.
        last, self._last = self._last, None
        return (self._clock(), 0) if last is None else last[1:]

    def _find(self, digest: bytes, place: int, now: int) -> int:
        """The offset of this key's window, in which nothing is older than it may be in the slice `now`."""
        for at in range(place, place + _SET_BYTES, _WINDOW_BYTES):
            if self._table[at : at + _KEY_BYTES] == digest:
                if self._longs[(at + _USED_AT) // _LONG] != now:
                    self._forget(at, now)
                return at
        windows = range(place, place + _SET_BYTES, _WINDOW_BYTES)
        longest_unused = min(windows, key=lambda at: self._longs[(at + _USED_AT) // _LONG])
        self._table[longest_unused : longest_unused + _KEY_BYTES] = digest
        self._empty(longest_unused, now)
        return longest_unused

    def _forget(self, at: int, now: int) -> None:
        """Remove from a window what is too old."""
        longs = (at + _USED_AT) // _LONG
        used, first = self._longs[longs], self._longs[longs + 1]
        if not 0 < now - used <= SLICES:
            # Not used for a long time, or the clock was set back, or another limit had this key.
            self._empty(at, now)
            return
        counts = (at + _COUNTS_AT) // _COUNT
        gone = 0
        # Slices between the last one that was used and now are empty already.
        for each in range(first, min(used, now - _COUNTS) + 1):
            gone += self._counts[counts + each % _COUNTS]
            self._counts[counts + each % _COUNTS] = 0
        first = max(first, now - SLICES)
        while first < now and not self._counts[counts + first % _COUNTS]:
            first += 1
        self._longs[longs] = now
        self._longs[longs + 1] = first
        self._longs[longs + 2] -= gone

    def _empty(self, at: int, now: int) -> None:
        counts = (at + _COUNTS_AT) // _COUNT
        self._counts[counts : counts + _COUNTS] = _NO_COUNTS
        longs = (at + _USED_AT) // _LONG
        self._longs[longs] = self._longs[longs + 1] = now
        self._longs[longs + 2] = 0

    def _lock(self, place: int) -> None:
        """No other worker in this set of the table. The kernel lets go of the lock of a worker that is killed."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX, 1, place)

    def _unlock(self, place: int) -> None:
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    # `limits` asks these of every storage; the moving window, the only strategy here, calls none of those that raise.

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError(ONLY_MOVING_WINDOWS)

    async def get(self, key: str) -> int:
        raise NotImplementedError(ONLY_MOVING_WINDOWS)

    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError(ONLY_MOVING_WINDOWS)

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        self._table[:] = bytes(TABLE_BYTES)
        return None

    async def clear(self, key: str) -> None:
        digest, place = _place(key)
        self._lock(place)
        try:
            self._empty(self._find(digest, place, 0), 0)
        finally:
            self._unlock(place)


def _place(key: str) -> tuple[bytes, int]:
    digest = blake2b(key.encode(), digest_size=_KEY_BYTES).digest()
    return digest, int.from_bytes(digest[:4], "little") % SETS * _SET_BYTES
