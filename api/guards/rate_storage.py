"""Where the windows of rate limits are kept: memory that the workers share, or a storage of the library `limits`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from limits.aio.storage import MovingWindowSupport
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.storage import storage_from_string

from api.guards.shared_windows import SharedWindows

if TYPE_CHECKING:
    from limits.aio.strategies import RateLimiter

WAIT_S: Final = 0.25
"""How long a request waits for a storage on another machine before it passes uncounted."""

_MEMORY: Final = "async+memory"
_REDIS: Final = "async+redis"
_LIBRARIES: Final = {"async+memcached": "memcachio", "async+mongodb": "motor", "async+valkey": "valkey"}
"""What other kinds of storage need and the service does not install; the client for Redis is installed."""


class StorageMissingError(Exception):
    """The Python library that this kind of storage needs is not installed; the text says which."""


def open_strategy(storage: str, folder: str | None) -> RateLimiter:
    """A moving window where the storage can hold one, else (memcached) a sliding counter, which is nearly as exact.

    In `folder` the workers share their memory. Connects to nothing yet. Raises `StorageMissingError`.
    """
    opened = _open(storage, folder)
    if isinstance(opened, MovingWindowSupport):
        return MovingWindowRateLimiter(opened)  # type: ignore[arg-type]
    return SlidingWindowCounterRateLimiter(opened)


def may_wait(storage: str) -> bool:
    """Whether the storage is reached over the network."""
    return urlsplit(storage).scheme != _MEMORY


def _open(storage: str, folder: str | None) -> Any:
    scheme = urlsplit(storage).scheme
    if scheme == _MEMORY:
        return SharedWindows(None if folder is None else Path(folder) / "rate-limits")
    for kind, library in _LIBRARIES.items():
        if scheme.startswith(kind) and find_spec(library) is None:
            raise StorageMissingError(
                f"a storage with {scheme}:// needs the Python library {library}; it is not installed"
            )
    options: dict[str, Any] = {}
    if scheme.startswith(_REDIS):
        options = {"implementation": "redispy", "socket_timeout": WAIT_S, "socket_connect_timeout": WAIT_S}
    return storage_from_string(storage, wrap_exceptions=True, **options)
