"""`GET /metrics`: figures of all workers for Prometheus."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import falcon
from prometheus_client import CONTENT_TYPE_LATEST

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest
    from api.telemetry.metrics import Metrics

_SCHEME: Final = "bearer "
_FOR_THIS_MACHINE: Final = "The figures are for this machine only; UGC_METRICS_TOKEN opens them to who has the token."
# What a proxy adds: behind one on the same machine, everybody seems to come from here.
_OF_PROXIES: Final = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


class MetricsResource:
    """Whichever worker is asked, the answer covers the whole service."""

    def __init__(self, metrics: Metrics, token: str | None = None) -> None:
        """`token` is what is asked for; without one, only this machine is answered."""
        self._metrics = metrics
        self._token = token

    async def on_get(self, request: ApiRequest, response: Response) -> None:
        if self._token is None:
            if not _is_local(request):
                raise falcon.HTTPForbidden(
                    description="The figures are for this machine; set UGC_METRICS_TOKEN for others."
                )
        elif not _gives(request, self._token):
            raise falcon.HTTPUnauthorized(
                description="Expected the token of UGC_METRICS_TOKEN as Authorization: Bearer.",
                challenges=['Bearer realm="metrics"'],
            )
        response.content_type = CONTENT_TYPE_LATEST
        response.data = self._metrics.text()


def _is_local(request: ApiRequest) -> bool:
    try:
        local = ip_address(request.remote_addr).is_loopback
    except ValueError:
        return False
    return local and not any(request.get_header(name) for name in _OF_PROXIES)


def _gives(request: ApiRequest, token: str) -> bool:
    given = request.get_header("Authorization") or ""
    return given[: len(_SCHEME)].lower() == _SCHEME and hmac.compare_digest(
        given[len(_SCHEME) :].strip().encode("utf-8", "surrogateescape"), token.encode()
    )
