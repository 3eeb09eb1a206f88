"""How many queries run at once: clients get a bounded number of places, and some are kept for the stack itself."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from local.clickhouse_server.errors import TOO_MANY_SIMULTANEOUS_QUERIES, ClickHouseError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Places:
    """Places for `clients`, and `kept` ones, for the stack's own queries and for those that look after others."""

    def __init__(self, clients: int, kept: int) -> None:
        self._free = {False: clients, True: kept}
        self._clients = clients
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def take(self, *, kept: bool) -> Iterator[None]:
        """Hold one, if may be a kept one. Raises ClickHouseError at once when there is none: nobody waits in a line."""
        with self._lock:
            kind = kept and not self._free[False]
            if not self._free[kind]:
                message = f"Too many simultaneous queries. Maximum: {self._clients}."
                raise ClickHouseError(TOO_MANY_SIMULTANEOUS_QUERIES, message)
            self._free[kind] -= 1
        try:
            yield
        finally:
            with self._lock:
                self._free[kind] += 1
