"""Puts the service together: pure wiring, with every collaborator passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.guards.clients import Clients
from api.guards.origins import OriginCheck
from api.guards.rates import Limiter
from api.guards.write_keys import KeyCheck
from api.pipeline.ingestion import Ingestion
from api.resources import problems
from api.resources.apidocs import ApiDocsFileResource, ApiDocsResource
from api.resources.batch import BatchResource
from api.resources.events import EventsResource
from api.resources.healthz import HealthzResource
from api.resources.intake import Intake
from api.resources.metrics import MetricsResource
from api.resources.openapi import OpenApiResource
from api.resources.readyz import ReadyzResource
from api.server.deadlines import PromptApp
from api.sink.breaker import Breaker
from api.sink.joining import Joiner
from api.telemetry.measured_sink import MeasuredSink
from api.telemetry.metrics import Metrics
from api.telemetry.observing import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    import falcon.asgi
    from falcon.asgi import Request, Response

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
    metrics = Metrics(settings.workers_folder)
    clients = Clients(
        trusted_proxies=settings.trusted_proxies,
        ip_mode=settings.ip_mode,
        hash_salt=(settings.ip_hash_salt or "").encode(),
        anonymize=settings.privacy_signals == "anonymize",
    )
    guarded = Breaker(MeasuredSink(sink, metrics), changed=metrics.breaker_changed)
    joiner = Joiner(guarded)
    intake = Intake(Ingestion(new_id), clients, metrics, clock, honour_wishes=settings.privacy_signals == "drop")
    limiter = _limiter(settings, clients, metrics)
    # In the order in which they see a request.
    middleware: list[Any] = [SinkLife(guarded, joiner), Observer(metrics), OriginCheck(settings.allowed_origins)]
    if limiter is not None:
        middleware.append(limiter)
    if settings.write_keys:
        middleware.append(KeyCheck(settings.write_keys))
    app = PromptApp(settings.body_timeout_s, middleware=middleware)
    problems.install(app)
    app.add_route("/api/v1/events", EventsResource(intake, joiner))
    app.add_route("/api/v1/events/batch", BatchResource(intake, guarded, limiter))
    app.add_route("/healthz", HealthzResource())
    app.add_route("/readyz", ReadyzResource(guarded))
    app.add_route("/metrics", MetricsResource(metrics))
    app.add_route("/openapi.json", OpenApiResource(needs_key=bool(settings.write_keys)))
    app.add_route("/apidocs", ApiDocsResource())
    app.add_route("/apidocs/{name}", ApiDocsFileResource())
    return app


def _limiter(settings: Settings, clients: Clients, metrics: Metrics) -> Limiter | None:
    if not settings.rate_limit:
        return None
    return Limiter(
        settings.rate_limit,
        settings.rate_limit_storage,
        network=clients.network,
        folder=settings.workers_folder,
        storage_works=metrics.limiter_works,
    )
