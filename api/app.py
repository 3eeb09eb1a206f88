"""Puts the service together: pure wiring, with every collaborator passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon.asgi

from api import problems
from api.clients import Clients
from api.ingestion import Ingestion
from api.joining import Joiner
from api.resources.apidocs import ApiDocsFileResource, ApiDocsResource
from api.resources.batch import BatchResource
from api.resources.events import EventsResource
from api.resources.healthz import HealthzResource
from api.resources.openapi import OpenApiResource
from api.resources.readyz import ReadyzResource

if TYPE_CHECKING:
    from collections.abc import Callable

    from falcon.asgi import Request, Response

    from api.settings import Settings
    from api.sink import Sink


class SinkLife:
    """Starts the sink with the worker, and closes it after the last request."""

    def __init__(self, sink: Sink, joiner: Joiner) -> None:
        self._sink = sink
        self._joiner = joiner

    async def process_startup(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        await self._sink.start()

    async def process_shutdown(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        await self._joiner.flush()
        await self._sink.close()


def create_app(
    settings: Settings,
    sink: Sink,
    clock: Callable[[], int],
    new_id: Callable[[int], str],
) -> falcon.asgi.App[Request, Response]:
    """The ASGI application.

    `clock` gives epoch milliseconds; `new_id` makes an event id from them; `settings.ip_hash_salt` must be set in the
    IP mode `hash`.
    """
    ingestion = Ingestion(new_id)
    clients = Clients(
        trusted_proxies=settings.trusted_proxies,
        ip_mode=settings.ip_mode,
        hash_salt=(settings.ip_hash_salt or "").encode(),
    )
    joiner = Joiner(sink)
    # In the order in which they see a request.
    middleware: list[Any] = [SinkLife(sink, joiner)]
    app = falcon.asgi.App(middleware=middleware)
    problems.install(app)
    app.add_route("/api/v1/events", EventsResource(ingestion, clients, joiner, clock))
    app.add_route("/api/v1/events/batch", BatchResource(ingestion, clients, sink, clock))
    app.add_route("/healthz", HealthzResource())
    app.add_route("/readyz", ReadyzResource(sink))
    app.add_route("/openapi.json", OpenApiResource())
    app.add_route("/apidocs", ApiDocsResource())
    app.add_route("/apidocs/{name}", ApiDocsFileResource())
    return app
