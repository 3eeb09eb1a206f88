"""HTTP sessions: named connections that keep settings and temporary tables between requests."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Final

from local.clickhouse_server.errors import (
    INVALID_SESSION_TIMEOUT,
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    ClickHouseError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.clickhouse_server.engine import Connection

_DEFAULT_TIMEOUT_S: Final = 60
_MAX_TIMEOUT_S: Final = 3600


class _Session:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.busy = False
        self.deadline = 0.0


class Sessions:
    """All sessions of a server. One ends `timeout_s` after its last request; requests to it never run side by side."""

    def __init__(self, connect: Callable[[], Connection], clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    @contextlib.contextmanager
    def use(self, session_id: str, timeout_s: int, *, must_exist: bool, ends: bool) -> Iterator[Connection]:
        """The session's connection, for the length of one request, which may be its last.

        Raises ClickHouseError when it is in use, or does not exist although it must.
        """
        with self._lock:
            self._close_expired()
            session = self._sessions.get(session_id)
            if session is None:
                if must_exist:
                    raise ClickHouseError(SESSION_NOT_FOUND, f"Session {session_id} not found.")
                session = self._sessions[session_id] = _Session(self._connect())
            if session.busy:
                raise ClickHouseError(SESSION_IS_LOCKED, f"Session {session_id} is locked by a concurrent client.")
            session.busy = True
        try:
            yield session.connection
        finally:
            # In one step: a connection that is closed while another request holds it takes the process with it.
            with self._lock:
                session.busy = False
                session.deadline = self._clock() + timeout_s
                if ends:
                    del self._sessions[session_id]
                    session.connection.close()

    def close(self) -> None:
        with self._lock:
            for session in self._sessions.values():
                if not session.busy:
                    session.connection.close()
            self._sessions.clear()

    def _close_expired(self) -> None:
        now = self._clock()
        for name in [name for name, session in self._sessions.items() if not session.busy and session.deadline < now]:
            self._sessions.pop(name).connection.close()


def parse_timeout(text: str | None) -> int:
    """Seconds of `session_timeout`, from 0 to 3600. Raises ClickHouseError."""
    if text is None:
        return _DEFAULT_TIMEOUT_S
    if not text.isdecimal():
        raise ClickHouseError(INVALID_SESSION_TIMEOUT, f"Invalid session timeout: '{text}'.")
    if int(text) > _MAX_TIMEOUT_S:
        message = f"Session timeout '{text}' is larger than max_session_timeout: {_MAX_TIMEOUT_S}."
        raise ClickHouseError(INVALID_SESSION_TIMEOUT, message)
    return int(text)
