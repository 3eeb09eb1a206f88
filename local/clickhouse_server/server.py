"""The process: opens the engine, listens, and stops in order."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import waitress.server
from waitress import wasyncore

from local.clickhouse_server.access.door import Door
from local.clickhouse_server.access.reach import Judge, Outside
from local.clickhouse_server.access.walls import confine
from local.clickhouse_server.channel import install
from local.clickhouse_server.config import DataFolder, FolderInUseError, KafkaClient
from local.clickhouse_server.deferred_start import Held, hold, release
from local.clickhouse_server.engine import Connection
from local.clickhouse_server.errors import ClickHouseError
from local.clickhouse_server.http import Application
from local.clickhouse_server.places import Places
from local.clickhouse_server.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.clickhouse_server.settings import Settings

_MAX_PORT: Final = 65535
_PLACES, _KEPT_PLACES = 60, 4
# Beside the queries there is always a thread for what takes no time: a ping, a refusal.
_THREADS: Final = _PLACES + _KEPT_PLACES + 8
_MAX_CONNECTIONS: Final = 500
_FILES: Final = 1 << 16
_SEND_TIMEOUT_S: Final = 30.0  # ClickHouse's http_send_timeout
_DRAIN_S: Final = 3.0
_KILL_S: Final = 1.0
_CLOSE_S: Final = 3.0
_MAX_BODY: Final = 1 << 40
_MAX_HEADER: Final = 1 << 20  # as long as a URL may be in ClickHouse


class StartError(Exception):
    """Why the server cannot start, in one line for the user."""


def main(*, host: str, port: int, data_dir: str, kafka: KafkaClient, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 2 when it could not start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # it logs every client that goes away
    folder = DataFolder(Path(data_dir).resolve(), kafka, may_reach_out=settings.allow_reach)

    def connect() -> Connection:
        return Connection(folder.connection_string)

    sessions = Sessions(connect)
    application = Application(connect, sessions, Places(_PLACES, _KEPT_PLACES), str(folder.incoming))
    try:
        held = _take(folder, data_dir)
        server = _listen(application, Door(settings.origins), host, port)
        keeper = _open(connect, held, data_dir)
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    open_for_good = [keeper]
    if not settings.allow_reach:
        open_for_good.append(connect())
        application.judge = Judge(open_for_good[-1], Outside(held.functions), held.withheld)

    print(f"ready http://{host}:{server.effective_port}", flush=True)
    while not stop.is_set():
        _turn(server, timeout_s=0.2)
        _look_after(server)
    wasyncore.dispatcher.close(server)
    if not _drained(server, _DRAIN_S):
        with contextlib.suppress(ClickHouseError):
            keeper.execute("KILL QUERY WHERE query_id != query_id() ASYNC")
        _drained(server, _KILL_S)
    _close(open_for_good, sessions)
    return 0


def _take(folder: DataFolder, name: str) -> Held:
    """Make the folder this process's own: nobody else's, and where it stays."""
    try:
        folder.take()
        outside = Outside()
        held = hold(folder.engine, lambda definition: not folder.may_reach_out and bool(outside.reached_by(definition)))
        os.chdir(folder.files)
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder.scratch)
        # The engine takes the zone of the process when it is loaded; <timezone> in its configuration changes nothing.
        os.environ["TZ"] = "UTC"
        time.tzset()
        _allow_files()
        if not folder.may_reach_out and not confine(folder.root, readable=folder.kafka.files):
            print("warning: this kernel confines no process to a folder: statements are only judged", file=sys.stderr)
    except FolderInUseError as error:
        raise StartError(f"the data folder {name} is in use by another process") from error
    except OSError as error:
        raise StartError(f"the data folder {name} cannot be used: {error.strerror}") from error
    return held


def _allow_files() -> None:
    """Ask for as many open files as the system gives: connections of clients must leave the engine enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # a system that has a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(application: Application, door: Door, host: str, port: int) -> Any:
    if not 0 <= port <= _MAX_PORT:  # the resolver would take it modulo 65536
        raise StartError(f"port {port} is not between 0 and {_MAX_PORT}")
    try:
        server = waitress.server.create_server(
            application,
            host=host,
            port=port,
            threads=_THREADS,
            connection_limit=_MAX_CONNECTIONS + 100,
            send_bytes=1,  # the first rows go out when they are there
            outbuf_high_watermark=1 << 20,
            max_request_header_size=_MAX_HEADER,
            max_request_body_size=_MAX_BODY,
            channel_timeout=600,
            ident="ClickHouse",
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,
        )
        install(server, door)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(f"port {port} on {host} is taken") from error
        raise StartError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    except ValueError as error:
        raise StartError(f"cannot listen on {host}:{port}: {error}") from error
    return server


def _open(connect: Callable[[], Connection], held: Held, name: str) -> Connection:
    """The connection that keeps the engine open between requests; starts the tables that were held back."""
    try:
        keeper = connect()
    except (ClickHouseError, RuntimeError) as error:
        raise StartError(f"the engine cannot open the data folder {name}: {error}") from error
    for table in held.withheld:
        print(f"warning: {'.'.join(table)} reaches out of the data folder and is withheld", file=sys.stderr)
    for line in release(keeper, held.kafka_tables):
        print(f"warning: {line}", file=sys.stderr, flush=True)
    return keeper


def _turn(server: Any, *, timeout_s: float) -> None:
    wasyncore.loop(timeout=timeout_s, use_poll=True, map=server._map, count=1)  # noqa: SLF001 - waitress has no other way


def _look_after(server: Any) -> None:
    """Close connections whose clients do not read, and the longest idle ones when there are too many."""
    now = time.monotonic()
    channels = list(server.active_channels.values())
    for channel in channels:
        if channel.takes_nothing(now, _SEND_TIMEOUT_S):
            channel.handle_close()
    if len(channels) >= _MAX_CONNECTIONS:
        idle = sorted((channel for channel in channels if channel.is_idle()), key=lambda each: each.last_activity)
        for channel in idle[: len(channels) - _MAX_CONNECTIONS + 1]:
            channel.handle_close()


def _drained(server: Any, seconds: float) -> bool:
    """Give running requests a bounded time to end; says whether all did."""
    deadline = time.monotonic() + seconds
    while any(channel.requests or channel.total_outbufs_len for channel in server.active_channels.values()):
        if time.monotonic() > deadline:
            return False
        _turn(server, timeout_s=0.05)
    return True


def _close(connections: list[Connection], sessions: Sessions) -> None:
    """Close the engine with its last connection, but wait only so long: a Kafka table may wait for a broker."""

    def close() -> None:
        # A member that leaves its group in the middle of joining wedges the group in the embedded broker: nobody is
        # given partitions again. One that just vanishes does not, so with such a consumer the process only ends.
        if connections[0].rows("SELECT 1 FROM system.kafka_consumers WHERE empty(assignments.partition_id) LIMIT 1"):
            return
        sessions.close()
        for connection in connections:
            connection.close()

    closing = threading.Thread(target=close, name="close", daemon=True)
    closing.start()
    closing.join(_CLOSE_S)
    sys.stdout.flush()
    # Every insert that was answered is in a part already, so leaving hard loses nothing; chDB's static destructors
    # would abort the process when a connection is still open.
    os._exit(0)
