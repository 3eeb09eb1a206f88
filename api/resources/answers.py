"""Answers to errors, as the table of errors has them: inside the application, and for the HTTP server before it."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any, Final

import falcon
import msgspec

from api.resources.errors import TABLE, early_row, problem_of, reasons_of, row_of
from api.resources.problems import MEDIA_PROBLEM
from api.resources.routes import TAKE_EVENTS
from api.telemetry.observing import NO_ROUTE, REQUEST_ID

if TYPE_CHECKING:
    from falcon.asgi import App, Response

    from api.guards.origins import OriginCheck
    from api.server.request import ApiRequest
    from api.telemetry.observing import Observer

_encode: Final = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


def install(app: App[ApiRequest, Response]) -> None:
    """Make every error of the app a problem document."""
    app.add_error_handler(falcon.HTTPError, _answer_unexpected)
    for row in TABLE:
        if row.error is not None:
            app.add_error_handler(row.error, _answer_unexpected if row.error is Exception else _answer)


async def _answer(request: ApiRequest, response: Response, error: Exception, _params: Any) -> None:
    row = row_of(error)
    if request.uri_template in TAKE_EVENTS:
        # Elsewhere, as in a question about readiness, nothing was sent to be stored, and nothing is refused.
        request.context.reasons = reasons_of(row, error)
    response.status = row.status
    response.content_type = MEDIA_PROBLEM
    response.data = _encode(problem_of(row, error))
    for name, value in row.headers:
        response.set_header(name, value.format(error))
    if isinstance(error, falcon.HTTPError) and error.headers:
        response.set_headers(error.headers)


async def _answer_unexpected(request: ApiRequest, response: Response, error: Exception, params: Any) -> None:
    # Where and of what kind, but without its message, which may quote what somebody sent.
    fields = {
        "request_id": request.context.request_id,
        "error": type(error).__name__,
        "route": request.uri_template,
        "where": "".join(traceback.format_tb(error.__traceback__)),
    }
    _log.error("unhandled error", extra={"fields": fields})
    await _answer(request, response, error, params)


class EarlyAnswers:
    """What the HTTP server answers when there is no request for the application: as all other errors are answered."""

    def __init__(self, origins: OriginCheck, observer: Observer) -> None:
        self._origins = origins
        self._observer = observer

    def __call__(self, status: int, origin: str | None) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Headers and body of such an answer, which is counted here.

        `status` is one that the table of errors has for this; `origin` is the request's, where it could be read. The
        connection must be closed behind it, as its headers say.
        """
        row = early_row(status)
        body = _encode(problem_of(row))
        headers = [
            ("Content-Type", MEDIA_PROBLEM),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            (REQUEST_ID, self._observer.new_id()),
            *self._origins.headers(origin),
            *row.headers,
        ]
        self._observer.count_answer(NO_ROUTE, status)
        return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers], body
