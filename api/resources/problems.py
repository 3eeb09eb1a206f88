"""Errors as RFC 9457 `application/problem+json`: one table maps exceptions to HTTP, and no resource builds an error."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import falcon
import msgspec

from api.guards.origins import OriginError
from api.guards.rates import TooManyRequestsError
from api.guards.write_keys import HEADER, INGESTION, PARAMETER, WriteKeyError
from api.pipeline.limits import MAX_BODY_BYTES
from api.pipeline.rejections import Reason, RejectionError
from api.server.deadlines import SlowBodyError
from api.sink.breaker import CircuitOpenError
from api.sink.interface import SinkFullError, SinkRefusedError, SinkUnavailableError
from api.telemetry.observing import note_reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from falcon.asgi import App, Request, Response

MEDIA_PROBLEM: Final = "application/problem+json"
RETRY_AFTER_S: Final = "2"
AGAIN: Final = "The event may be sent again with the same event_id: it will be stored once."

_log = logging.getLogger(__name__)


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where."""

    path: str
    detail: str


class RejectedEvent(msgspec.Struct, frozen=True):
    """One event of a batch that was not taken. `event_id` is the sender's, where it could be read."""

    index: int
    event_id: str | None
    error: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    rejected: list[RejectedEvent] = []


class UnsupportedBodyError(Exception):
    """A body in a media type, character set or encoding that is not read here."""


class BodyTooLargeError(Exception):
    """A body over its limit."""


class ClientGoneError(Exception):
    """The connection ended before the body did. Nobody will read the answer."""


class NothingAcceptedError(Exception):
    """A batch of which no event is valid."""

    def __init__(self, rejected: list[RejectedEvent], reasons: Mapping[Reason, int]) -> None:
        super().__init__(len(rejected))
        self.rejected = rejected
        self.reasons = reasons


def _rejection(error: RejectionError) -> Problem:
    name = "event-too-large" if error.reason is Reason.EVENT_TOO_LARGE else "invalid-event"
    status = 413 if error.reason is Reason.EVENT_TOO_LARGE else 400
    return _problem(status, name, str(error), errors=[FieldError(error.path, error.detail)])


def _nothing_accepted(error: NothingAcceptedError) -> Problem:
    first = error.rejected[0].error
    return _problem(400, "invalid-batch", f"No event of the batch is valid. {first}", rejected=error.rejected)


def _unavailable(name: str, what: str) -> Problem:
    return _problem(503, name, f"{what} {AGAIN}")


def _problem(status: int, name: str, detail: str, **more: Any) -> Problem:
    return Problem(
        type=f"urn:ugc:problem:{name}", title=HTTPStatus(status).phrase, status=status, detail=detail, **more
    )


def _of(error: Exception) -> Problem:  # noqa: C901, PLR0911, PLR0912 - one return a row
    """The table."""
    match error:
        case RejectionError():
            return _rejection(error)
        case NothingAcceptedError():
            return _nothing_accepted(error)
        case BodyTooLargeError():
            return _problem(413, "body-too-large", f"A body may have at most {MAX_BODY_BYTES} bytes.")
        case UnsupportedBodyError():
            return _problem(415, "unsupported-body", str(error))
        case ClientGoneError():
            return _problem(400, "incomplete-body", "The body ended too early.")
        case SlowBodyError():
            return _problem(408, "slow-body", "The body did not arrive in time.")
        case WriteKeyError():
            detail = f"Expected a write key in the header {HEADER} or in the parameter {PARAMETER}."
            return _problem(401, "write-key", detail)
        case OriginError():
            return _problem(403, "origin", "Pages of this origin may not send events here.")
        case TooManyRequestsError():
            return _problem(429, "rate-limit", f"Too much was sent; there is room in {error.retry_after_s} s.")
        case CircuitOpenError():
            return _unavailable("broker-unavailable", "The broker is away.")
        case SinkFullError():
            return _unavailable("queue-full", "Too much is waiting for the broker.")
        case SinkUnavailableError():
            return _unavailable("broker-unavailable", "The broker did not acknowledge in time.")
        case falcon.HTTPError():
            name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
            detail = error.description or _DETAILS.get(error.status_code, error.title or "")
            return _problem(error.status_code, name, detail)
        case _:
            return _problem(500, "internal-error", "Something went wrong here; the event may not have been stored.")


_DETAILS: Final = {
    404: "There is nothing under this path.",
    405: "This path does not know the method; see the Allow header.",
}
_REASONS: Final[dict[type[Exception], Reason]] = {
    BodyTooLargeError: Reason.BODY_TOO_LARGE,
    UnsupportedBodyError: Reason.UNSUPPORTED_BODY,
    ClientGoneError: Reason.INCOMPLETE_BODY,
    SlowBodyError: Reason.SLOW_BODY,
    WriteKeyError: Reason.WRITE_KEY,
    OriginError: Reason.ORIGIN,
    TooManyRequestsError: Reason.RATE_LIMIT,
    SinkFullError: Reason.QUEUE_FULL,
    SinkUnavailableError: Reason.BROKER_UNAVAILABLE,
    CircuitOpenError: Reason.BROKER_UNAVAILABLE,
}
"""Of a request that is refused as a whole; those of events are in their rejections."""

_encode: Final = msgspec.json.Encoder().encode


def _reasons(error: Exception, status: int) -> Mapping[Reason, int]:
    match error:
        case RejectionError():
            return {error.reason: 1}
        case NothingAcceptedError():
            return error.reasons
        case falcon.HTTPError() if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            # A wrong path or method: counted among the requests, and nothing that was sent to be stored.
            return {}
        case _:
            return {_REASONS.get(type(error), Reason.INTERNAL): 1}


async def _answer(request: Request, response: Response, error: Exception, _params: Any) -> None:
    problem = _of(error)
    if request.path in INGESTION:
        # What is no event, such as a question about readiness, is counted among the requests alone.
        note_reasons(request, _reasons(error, problem.status))
    response.status = problem.status
    response.content_type = MEDIA_PROBLEM
    response.data = _encode(problem)
    match problem.status:
        case HTTPStatus.SERVICE_UNAVAILABLE:
            response.set_header("Retry-After", RETRY_AFTER_S)
        case HTTPStatus.TOO_MANY_REQUESTS if isinstance(error, TooManyRequestsError):
            response.set_header("Retry-After", str(error.retry_after_s))
        case HTTPStatus.UNAUTHORIZED:
            response.set_header("WWW-Authenticate", f'{HEADER} realm="events"')
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            # What is left of the body is not read.
            response.set_header("Connection", "close")
    if isinstance(error, falcon.HTTPError) and error.headers:
        response.set_headers(error.headers)


async def _answer_unexpected(request: Request, response: Response, error: Exception, params: Any) -> None:
    # Where and what kind, but not the message: it may quote what somebody sent.
    where = "".join(traceback.format_tb(error.__traceback__))
    fields = {
        "request_id": getattr(request.context, "request_id", None),
        "error": type(error).__name__,
        "route": request.uri_template,
        "where": where,
    }
    _log.error("unhandled error", extra={"fields": fields})
    await _answer(request, response, error, params)


def install(app: App[Request, Response]) -> None:
    """Make every error of the app a problem document."""
    app.add_error_handler(Exception, _answer_unexpected)
    app.add_error_handler(SinkRefusedError, _answer_unexpected)
    for kind in (falcon.HTTPError, RejectionError, NothingAcceptedError, *_REASONS):
        app.add_error_handler(kind, _answer)
