"""`GET /metrics`: figures of all workers for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest
    from api.telemetry.metrics import Metrics


class MetricsResource:
    """Whichever worker is asked, the answer is the whole service's."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def on_get(self, _request: ApiRequest, response: Response) -> None:
        response.content_type = CONTENT_TYPE_LATEST
        response.data = self._metrics.text()
