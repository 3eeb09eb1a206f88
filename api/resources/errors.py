"""The table of errors: one row for each, with everything that its answer consists of.

No resource builds the answer to an error: it raises, and the most specific row of the exception's type counts. The
OpenAPI document is made from the same rows.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import falcon

from api.guards.origins import OriginError
from api.guards.rates import TooManyRequestsError
from api.guards.write_keys import HEADER, PARAMETER, WriteKeyError
from api.pipeline.limits import MAX_BODY_BYTES
from api.pipeline.rejections import EventTooLargeError, Reason, RejectionError
from api.resources.problems import FieldError, NothingAcceptedError, Problem
from api.server.bodies import BodyTooLargeError, ClientGoneError, UnsupportedBodyError
from api.server.deadlines import SlowBodyError
from api.sink.breaker import CircuitOpenError
from api.sink.interface import SinkFullError, SinkUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN_REASON: Final = "its own"

_AGAIN: Final = "The event may be sent again with the same event_id: it will be stored once."
_RETRY: Final = (("Retry-After", "2"),)
# What is left of the body is not read.
_CLOSE: Final = (("Connection", "close"),)
_KEY: Final = (("WWW-Authenticate", f'{HEADER} realm="events"'),)


class Row(NamedTuple):
    """One error. In `sentence` and in the headers' values, `{0}` is the exception."""

    error: type[Exception] | None
    """None for what the HTTP server answers by itself, because there is no request for the application yet."""

    status: int
    name: str
    """The end of the problem's type, `urn:ugc:problem:…`."""

    sentence: str
    reason: Reason | Literal["its own"] | None = None
    """How a request or event that is refused by this is counted; None where no event is refused."""

    headers: tuple[tuple[str, str], ...] = ()
    documented: str = ""
    """What the OpenAPI document says instead of a sentence that quotes the exception."""


_WRONG: Final = "The body is not what it should be; `errors` (or `rejected`) name the JSON paths."

TABLE: Final = (
    Row(RejectionError, 400, "invalid-event", "{0}", OWN_REASON, documented=_WRONG),
    Row(
        NothingAcceptedError, 400, "invalid-batch", "No event of the batch is valid. {0.rejected[0].error}",
        OWN_REASON, documented="No event of the batch is valid.",
    ),
    Row(ClientGoneError, 400, "incomplete-body", "The body ended too early.", Reason.INCOMPLETE_BODY),
    Row(
        WriteKeyError, 401, "write-key",
        f"Expected a write key in the header {HEADER} or in the parameter {PARAMETER}.", Reason.WRITE_KEY, _KEY,
    ),
    Row(OriginError, 403, "origin", "Pages of this origin may not send events here.", Reason.ORIGIN),
    Row(SlowBodyError, 408, "slow-body", "The body did not arrive in time.", Reason.SLOW_BODY, _CLOSE),
    Row(
        BodyTooLargeError, 413, "body-too-large", f"A body may have at most {MAX_BODY_BYTES} bytes.",
        Reason.BODY_TOO_LARGE, _CLOSE,
    ),
    Row(
        EventTooLargeError, 413, "event-too-large", "{0}", OWN_REASON,
        documented="The body, or an event in it, is too large.",
    ),
    Row(
        UnsupportedBodyError, 415, "unsupported-body", "{0}", Reason.UNSUPPORTED_BODY,
        documented="The body's media type, character set or encoding is not supported.",
    ),
    Row(
        TooManyRequestsError, 429, "rate-limit", "Too much was sent; there is room again in {0.retry_after_s} s.",
        Reason.RATE_LIMIT, (("Retry-After", "{0.retry_after_s}"),),
        documented="Too much came from this address: events, or bytes of bodies. Send it again after `Retry-After`.",
    ),
    Row(
        Exception, 500, "internal-error", "Something went wrong here; the event may not have been stored.",
        Reason.INTERNAL,
    ),
    Row(
        SinkUnavailableError, 503, "broker-unavailable", f"The broker did not acknowledge in time. {_AGAIN}",
        Reason.BROKER_UNAVAILABLE, _RETRY,
    ),
    Row(
        CircuitOpenError, 503, "broker-unavailable", f"The broker is unreachable. {_AGAIN}",
        Reason.BROKER_UNAVAILABLE, _RETRY,
    ),
    Row(
        SinkFullError, 503, "queue-full", f"Too much is waiting for the broker. {_AGAIN}",
        Reason.QUEUE_FULL, _RETRY,
    ),
    # Wrong paths, methods and headers: counted among the requests, and no event is refused by them.
    Row(
        falcon.HTTPUnauthorized, 401, "metrics-token", "{0.description}",
        documented="The figures are for who sends the token that is configured for them.",
    ),
    Row(
        falcon.HTTPForbidden, 403, "forbidden", "{0.description}",
        documented="The figures are for the service's own machine, and no token is configured for others.",
    ),
    Row(
        falcon.HTTPNotFound, 404, "not-found",
        "There is nothing at this path. Events go to /api/v1/events or /api/v1/events/batch, without a slash behind.",
    ),
    Row(
        falcon.HTTPMethodNotAllowed, 405, "method-not-allowed",
        "This path does not take the method; see Allow. Events are sent with POST.",
    ),
    Row(falcon.HTTPInvalidHeader, 400, "bad-request", "{0.description}"),
    Row(falcon.HTTPBadRequest, 400, "bad-request", "The request cannot be understood."),
    # Before the application.
    Row(None, 400, "bad-request", "This is not a well-formed HTTP/1.1 request."),
    Row(None, 405, "method-not-allowed", "This server is no proxy.", headers=(("Allow", "GET, HEAD, POST, OPTIONS"),)),
    Row(None, 408, "request-timeout", "The headers did not arrive in time."),
    Row(None, 414, "uri-too-long", "The request line is too long."),
    Row(None, 417, "expectation-failed", "The only expectation that can be met is 100-continue."),
    Row(
        None, 426, "upgrade-required", "Only HTTP/1.1 is spoken here: no WebSocket, no HTTP/2.",
        headers=(("Upgrade", "HTTP/1.1"),),
    ),
    Row(None, 431, "request-header-fields-too-large", "The headers are too many, or too large."),
    Row(None, 500, "internal-error", "Something went wrong here; the event may not have been stored."),
    Row(None, 503, "too-many-connections", "There are too many connections.", headers=_RETRY),
)  # fmt: skip

_ROWS: Final = {row.error: row for row in TABLE if row.error is not None}
_EARLY_ROWS: Final = {row.status: row for row in TABLE if row.error is None}


def row_of(error: Exception) -> Row:
    """The row of the error's own type, or else of the nearest type above it."""
    return next(_ROWS[kind] for kind in type(error).__mro__ if kind in _ROWS)


def early_row(status: int) -> Row:
    """The row of what the HTTP server answers by itself."""
    return _EARLY_ROWS[status]


def problem_of(row: Row, error: Exception | None = None) -> Problem:
    """The body of the answer."""
    return Problem(
        type=f"urn:ugc:problem:{row.name}",
        title=HTTPStatus(row.status).phrase,
        status=row.status,
        detail=row.sentence.format(error),
        errors=[FieldError(error.path, error.detail)] if isinstance(error, RejectionError) else [],
        rejected=error.rejected if isinstance(error, NothingAcceptedError) else [],
    )


def reasons_of(row: Row, error: Exception) -> Mapping[Reason, int]:
    """What was refused for which reason, and how often."""
    match error:
        case RejectionError():
            return {error.reason: 1}
        case NothingAcceptedError():
            return error.reasons
    return {} if row.reason is None else {Reason(row.reason): 1}
