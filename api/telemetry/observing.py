"""Middleware that sees every request: its id, its figures, and a line in the log if anything in it was refused."""

from __future__ import annotations

import logging
import re
import secrets
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from api.pipeline.timing import Timings

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest, Context
    from api.telemetry.metrics import Metrics

REQUEST_ID: Final = "X-Request-Id"
NO_ROUTE: Final = "other"
"""The label of every path without a route: labels never contain what somebody sent."""

TIME_ONE_IN: Final = 256
"""One POST in so many has its steps timed."""

_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("api.requests")


class Observer:
    """Nothing that a sender wrote gets into a label or into the log, except a request id of harmless characters."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        # Different in every worker, and cheaper than a new random number for each request.
        self._prefix = secrets.token_hex(4)
        self._numbers = count()
        self._posts = count()

    def new_id(self) -> str:
        """An id for a request that has none."""
        return f"{self._prefix}{next(self._numbers):08x}"

    def count_answer(self, route: str, status: int) -> None:
        self._metrics.requests(route, str(status)).inc()

    async def process_request(self, request: ApiRequest, response: Response) -> None:
        given = request.get_header(REQUEST_ID)
        context = request.context
        context.request_id = given if given is not None and _SANE_ID.fullmatch(given) else self.new_id()
        response.set_header(REQUEST_ID, context.request_id)
        if request.method == "POST" and not next(self._posts) % TIME_ONE_IN:
            context.timings = Timings()

    async def process_response(
        self,
        request: ApiRequest,
        response: Response,
        _resource: Any,
        _succeeded: bool,  # noqa: FBT001 - Falcon's signature
    ) -> None:
        context = request.context
        route = request.uri_template or NO_ROUTE
        self.count_answer(route, response.status_code)
        if context.write_key is not None:
            self._metrics.write_key(context.write_key).inc()
        if context.timings is not None:
            for step, seconds in context.timings.seconds.items():
                self._metrics.step(step.value).observe(seconds)
        if context.reasons:
            self._metrics.rejected(context.reasons)
            _write_line(context, response.status_code, route)


def _write_line(context: Context, status: int, route: str) -> None:
    fields: dict[str, Any] = {
        "request_id": context.request_id,
        "route": route,
        "status": status,
        "reasons": {reason.value: times for reason, times in context.reasons.items()},
    }
    if context.write_key is not None:
        fields["write_key"] = context.write_key
    _log.info("rejected", extra={"fields": fields})
