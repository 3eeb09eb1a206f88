"""Puts the service together: pure wiring, with every collaborator passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from api.documentation.openapi import document
from api.guards.clients import Clients
from api.guards.origins import OriginCheck
from api.guards.rates import Limiter
from api.guards.write_keys import KeyCheck
from api.pipeline.ingestion import Ingestion
from api.resources import answers, routes
from api.resources.apidocs import ApiDocsFileResource, ApiDocsResource
from api.resources.batch import BatchResource
from api.resources.events import EventsResource
from api.resources.healthz import HealthzResource
from api.resources.home import HomeResource
from api.resources.metrics import MetricsResource
from api.resources.nothing_here import NothingHere
from api.resources.openapi import OpenApiResource
from api.resources.readyz import ReadyzResource
from api.server.deadlines import PromptApp
from api.server.request import ApiRequest
from api.sink.breaker import Breaker
from api.sink.joining import Joiner
from api.telemetry.measured_sink import MeasuredSink
from api.telemetry.metrics import Metrics
from api.telemetry.observing import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.configuration.settings import Settings
    from api.sink.interface import Sink


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


class EventsApp(PromptApp):
    """The ASGI application, with what the HTTP server answers by itself."""

    def __init__(self, early_answer: answers.EarlyAnswers, body_timeout_s: float, middleware: list[Any]) -> None:
        super().__init__(body_timeout_s, middleware=middleware, request_type=ApiRequest)
        self.early_answer = early_answer


def create_app(
    settings: Settings,
    sink: Sink,
    clock: Callable[[], int],
    new_id: Callable[[int], str],
) -> EventsApp:
    """The ASGI application.

    `clock` gives epoch milliseconds; `new_id` makes an event id from them; `settings.ip_hash_salt` must be set in the
    IP mode `hash`.
    """
    metrics = Metrics(settings.workers_folder)
    observer = Observer(metrics)
    origins = OriginCheck(settings.allowed_origins, routes.TAKE_EVENTS)
    clients = Clients(
        trusted_proxies=settings.trusted_proxies,
        ip_mode=settings.ip_mode,
        hash_salt=(settings.ip_hash_salt or "").encode(),
        privacy_signals=settings.privacy_signals,
        routes=routes.TAKE_EVENTS,
    )
    limiter = _limiter(settings, clients, metrics)
    guarded = Breaker(MeasuredSink(sink, metrics), changed=metrics.breaker_changed)
    joiner = Joiner(guarded)
    ingestion = Ingestion(new_id)
    # In the order in which they see a request.
    middleware: list[Any] = [SinkLife(guarded, joiner), observer, origins]
    if limiter is not None:
        middleware.append(limiter)
    if settings.write_keys:
        middleware.append(KeyCheck(settings.write_keys, routes.TAKE_EVENTS))
    middleware.append(clients)
    app = EventsApp(answers.EarlyAnswers(origins, observer), settings.body_timeout_s, middleware)
    answers.install(app)
    app.add_route(routes.HOME, HomeResource())
    app.add_route(routes.EVENTS, EventsResource(ingestion, joiner, limiter, metrics, clock))
    app.add_route(routes.BATCH, BatchResource(ingestion, guarded, limiter, metrics, clock))
    app.add_route(routes.HEALTH, HealthzResource())
    app.add_route(routes.READINESS, ReadyzResource(guarded))
    app.add_route(routes.METRICS, MetricsResource(metrics, settings.metrics_token))
    described = document(needs_key=bool(settings.write_keys), needs_token=settings.metrics_token is not None)
    app.add_route(routes.OPENAPI, OpenApiResource(msgspec.json.encode(described)))
    for path in (routes.APIDOCS, routes.APIDOCS_SLASH):
        app.add_route(path, ApiDocsResource())
    app.add_route(routes.APIDOCS_FILE, ApiDocsFileResource())
    app.add_sink(NothingHere(limiter), "")
    return app


def _limiter(settings: Settings, clients: Clients, metrics: Metrics) -> Limiter | None:
    if not settings.rate_limit:
        return None
    return Limiter(
        settings.rate_limit,
        settings.rate_limit_storage,
        network=clients.network,
        free_routes=routes.FREE,
        folder=settings.workers_folder,
        storage_works=metrics.limiter_works,
    )
