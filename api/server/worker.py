"""gunicorn's `asgi` worker with a shutdown that does not wait for idle connections."""

from __future__ import annotations

import asyncio
from typing import Any

from gunicorn.workers import gasgi
from gunicorn.workers.gasgi import ASGIWorker

from api.server.protocol import Protocol

_CLOSE = (b"connection", b"close")
LINGER_S = 1.0
"""How long kept-open connections may still send a request after the signal, which is then answered: closing them at
once would cut off those whose next request is on its way."""


class Worker(ASGIWorker):  # type: ignore[misc]
    """On SIGTERM and SIGINT: no new connections, requests in flight are finished, then the sink is closed.

    gunicorn waits for every connection to end, and a client that keeps an idle one open would hold it up for the whole
    grace time. Here `nr_conns`, which it waits on, falls to the number of requests in flight once the linger is over.
    """

    drain_s = 0.0
    """How long a worker that was told to stop still takes connections, while it says that it is not ready."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections = 0
        self._linger_over = False
        self.requests_in_flight = 0
        super().__init__(*args, **kwargs)

    @property
    def nr_conns(self) -> int:
        return min(self._connections, self.requests_in_flight) if self._linger_over else self._connections

    @nr_conns.setter
    def nr_conns(self, count: int) -> None:
        # gunicorn adds to and takes from what it reads, one at a time, also while the value shown is another.
        self._connections += count - self.nr_conns

    def init_process(self) -> None:
        # The one place where gunicorn looks for the protocol of a connection.
        gasgi.ASGIProtocol = Protocol
        super().init_process()

    def load_wsgi(self) -> None:
        """Answers of a worker that is stopping say that the connection ends, so that nobody sends into a closed one."""
        super().load_wsgi()
        app: Any = self.asgi

        async def closing(scope: Any, receive: Any, send: Any) -> None:
            # A client that asks for it may forget that it did, and send its next request into what is closed.
            asked = scope["type"] == "http" and _CLOSE in scope["headers"]

            async def send_closing(message: Any) -> None:
                # The last request before a worker is replaced is counted only after its answer.
                last = asked or not self.alive or self.nr + 1 >= self.max_requests
                if last and message["type"] == "http.response.start":
                    message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
                await send(message)

            await app(scope, receive, send_closing if scope["type"] == "http" else send)

        self.asgi: Any = closing

    def handle_exit_signal(self) -> None:
        self.state["stopping"] = True
        super().handle_exit_signal()

    def handle_quit_signal(self) -> None:
        """Ctrl-C reaches the workers too: what is in flight is finished all the same."""
        self.handle_exit_signal()

    async def _shutdown(self) -> None:
        self.state["stopping"] = True
        await asyncio.sleep(self.drain_s)
        self.loop.call_later(LINGER_S, setattr, self, "_linger_over", True)  # noqa: FBT003
        await super()._shutdown()


def forget_metrics(_arbiter: object, worker: Worker) -> None:
    """Gunicorn's `child_exit` hook, in the parent: what was true of a worker now, such as its queue, is so no more."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - the folder's variable comes first

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def count_request(worker: Worker, _request: object) -> None:
    """Gunicorn's `pre_request` hook."""
    worker.requests_in_flight += 1


def uncount_request(worker: Worker, _request: object, _environ: object, _response: object) -> None:
    """Gunicorn's `post_request` hook: the answer has been written."""
    worker.requests_in_flight -= 1
