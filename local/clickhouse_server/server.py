"""The process: opens the engine, listens, and stops in order."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import waitress.server
from waitress import wasyncore

from local.clickhouse_server.config import DataFolder
from local.clickhouse_server.engine import Connection
from local.clickhouse_server.errors import ClickHouseError
from local.clickhouse_server.http import Application
from local.clickhouse_server.sessions import Sessions

_THREADS: Final = 64
_DRAIN_S: Final = 3.0
_CLOSE_S: Final = 3.0
_MAX_BODY: Final = 1 << 40


def main(*, host: str, port: int, data_dir: str) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 2 when it could not start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    folder = DataFolder(Path(data_dir).resolve())
    try:
        folder.prepare()
    except OSError as error:
        return _refuse(f"the data folder {data_dir} cannot be used: {error.strerror}")

    def connect() -> Connection:
        return Connection(folder.connection_string)

    sessions = Sessions(connect)
    try:
        server = _listen(Application(connect, sessions, str(folder.incoming)), host, port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return _refuse(f"port {port} on {host} is taken" if taken else f"cannot listen on {host}:{port}: {error}")
    try:
        keeper = connect()  # keeps the engine open between requests
    except (ClickHouseError, RuntimeError) as error:
        return _refuse(f"the engine cannot open {folder.engine}: {error}")

    print(f"ready http://{host}:{server.effective_port}", flush=True)
    while not stop.is_set():
        wasyncore.loop(timeout=0.2, use_poll=True, map=server._map, count=1)  # noqa: SLF001
    _drain(server)
    _close(keeper, sessions)
    return 0


def _listen(application: Application, host: str, port: int) -> Any:
    return waitress.server.create_server(
        application,
        host=host,
        port=port,
        threads=_THREADS,
        connection_limit=1000,
        max_request_body_size=_MAX_BODY,
        channel_timeout=600,
        ident="ClickHouse",
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,
    )


def _drain(server: Any) -> None:
    """Stop accepting; give running requests a bounded time to end."""
    wasyncore.dispatcher.close(server)
    deadline = time.monotonic() + _DRAIN_S
    while time.monotonic() < deadline and any(
        channel.requests or channel.total_outbufs_len for channel in server.active_channels.values()
    ):
        wasyncore.loop(timeout=0.05, use_poll=True, map=server._map, count=1)  # noqa: SLF001


def _close(keeper: Connection, sessions: Sessions) -> None:
    """Close the engine, but wait for it only so long: a Kafka table may wait for a broker that is gone."""

    def close() -> None:
        sessions.close()
        keeper.close()

    closing = threading.Thread(target=close, name="close", daemon=True)
    closing.start()
    closing.join(_CLOSE_S)
    sys.stdout.flush()
    # Every insert that was answered is in a part on disk already, so leaving hard loses nothing; chDB's static destructors
    # abort the process when a connection is still open.
    os._exit(0)


def _refuse(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2
