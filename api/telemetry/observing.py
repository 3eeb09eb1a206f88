"""Middleware that sees every request: its id, its figures, and one line in the log when something of it was refused."""

from __future__ import annotations

import logging
import re
import secrets
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from api.guards.write_keys import INGESTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falcon.asgi import Request, Response

    from api.pipeline.rejections import Reason
    from api.telemetry.metrics import Metrics

REQUEST_ID: Final = "X-Request-Id"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("api.requests")


def note_reasons(request: Request, reasons: Mapping[Reason, int]) -> None:
    """Remember why events of this request, or all of it, were refused."""
    request.context.reasons = reasons


class Observer:
    """Nothing that a sender wrote gets into a label or a line of the log, but for a request id of harmless letters."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        # Unlike any other worker's, and cheaper than a new random number for each request.
        self._prefix = secrets.token_hex(4)
        self._numbers = count()

    async def process_request(self, request: Request, response: Response) -> None:
        given = request.get_header(REQUEST_ID)
        request_id = (
            given if given is not None and _SANE_ID.fullmatch(given) else f"{self._prefix}{next(self._numbers):08x}"
        )
        request.context.request_id = request_id
        response.set_header(REQUEST_ID, request_id)

    async def process_response(
        self,
        request: Request,
        response: Response,
        _resource: Any,
        _succeeded: bool,  # noqa: FBT001 - Falcon's signature
    ) -> None:
        # A path that was refused before it was looked up is known only where it is one of ours.
        route = request.uri_template or (request.path if request.path in INGESTION else "other")
        self._metrics.requests(route, str(response.status_code)).inc()
        key = getattr(request.context, "write_key", None)
        if key is not None:
            self._metrics.write_key(key).inc()
        reasons: Mapping[Reason, int] | None = getattr(request.context, "reasons", None)
        if reasons:
            self._metrics.rejected(reasons)
            self._write_line(request, response, route, reasons)

    def _write_line(self, request: Request, response: Response, route: str, reasons: Mapping[Reason, int]) -> None:
        fields: dict[str, Any] = {
            "request_id": request.context.request_id,
            "route": route,
            "status": response.status_code,
            "reasons": {reason.value: count for reason, count in reasons.items()},
        }
        key = getattr(request.context, "write_key", None)
        if key is not None:
            fields["write_key"] = key
        _log.info("rejected", extra={"fields": fields})
