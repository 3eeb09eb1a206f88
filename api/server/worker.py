"""gunicorn's worker for ASGI: an event loop, the sockets, signals, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

import uvloop
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker as BaseWorker

from api.server.connections import Connections
from api.server.lifespan import Lifespan, LifespanError
from api.server.protocol import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

LINGER_S: Final = 1.0
"""How long kept-open connections may still send a request after the signal, which is then answered: closing them at
once would cut off those whose next request is on its way."""
FINISH_S: Final = 7.0
"""How long requests in flight have after that; an acknowledgement takes 6 s at most."""

_TICK_S: Final = 0.5
_POLL_S: Final = 0.02
_SPARE_FILES: Final = 256
"""File descriptors for everything but connections: the broker, metrics, the log."""


class Worker(BaseWorker):  # type: ignore[misc]
    """On SIGTERM, SIGINT and SIGQUIT: no new connections, requests in flight are finished, then the sink is closed."""

    def init_signals(self) -> None:
        """Remove the parent's handlers. The event loop brings its own; until then, a signal simply ends the process."""
        for each in self.SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, self.handle_usr1)

    def run(self) -> None:
        uvloop.run(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        state: dict[str, Any] = {}

        def told_to_stop() -> None:
            # A worker that is only being replaced stays ready.
            state["stopping"] = True
            stop.set()

        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(each, told_to_stop)
        lifespan = Lifespan(self.wsgi, state)
        try:
            await lifespan.startup()
        except LifespanError as error:
            self.log.error("the application did not start: %s", error)  # noqa: TRY400 - it says what it should
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        settings = self.app.settings
        connections = Connections(
            self.wsgi,
            state,
            loop,
            keepalive_s=settings.keepalive_s,
            body_within_s=settings.body_timeout_s,
            max_open=max(_SPARE_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE_FILES),
            max_requests=self.max_requests if self.cfg.max_requests else None,
            enough=stop.set,
        )
        ticking = asyncio.create_task(self._tick(connections, told_to_stop))
        servers = [
            # The loop calls listen() again, with a backlog of 100 unless it is told.
            await loop.create_server(lambda: Connection(connections), sock=each.sock, backlog=self.cfg.backlog)
            for each in self.sockets
        ]
        await stop.wait()
        connections.stopping = True
        if "stopping" in state:
            await asyncio.sleep(settings.api_drain_s)
        for server in servers:
            server.close()
        await _finish(connections)
        try:
            await lifespan.shutdown()
        except LifespanError as error:
            self.log.error("the application did not end well: %s", error)  # noqa: TRY400
        ticking.cancel()

    async def _tick(self, connections: Connections, stop: Callable[[], None]) -> None:
        """Tell the parent that this worker is alive, and stop when the parent is not."""
        while True:
            self.notify()
            while connections.sweep():  # noqa: ASYNC110 - nothing is awaited, other work only gets its turn
                await asyncio.sleep(0)
            if os.getppid() != self.ppid:
                stop()
            await asyncio.sleep(_TICK_S)


async def _finish(connections: Connections) -> None:
    """Let requests finish, but not for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            await _until(lambda: not connections.open)
    connections.end_idle()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FINISH_S):
            await _until(lambda: not connections.busy)


async def _until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110 - once in the life of a worker
        await asyncio.sleep(_POLL_S)


def forget_metrics(_arbiter: object, worker: Worker) -> None:
    """Gunicorn's `child_exit` hook, in the parent: what was true of a worker now, such as its queue, is so no more."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - the folder's variable comes first

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
