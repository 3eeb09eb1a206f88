"""The OpenAPI 3.1 document, made from the event types and the table of errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import falcon
import msgspec

from api.documentation.examples import EXAMPLES
from api.documentation.schemas import ref, schemas
from api.guards.rates import WEIGHED_BYTES
from api.guards.write_keys import HEADER, PARAMETER
from api.pipeline.limits import MAX_BATCH_EVENTS, MAX_PROPERTIES_BYTES, MAX_PROPERTIES_DEPTH
from api.resources import routes
from api.resources.errors import TABLE, Row, problem_of, row_of
from api.resources.problems import MEDIA_PROBLEM
from api.sink.interface import SinkUnavailableError
from api.telemetry.observing import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"

_ABOUT: Final = f"""\
Takes behaviour events of an online cinema's web front end.

- An event is answered with success only after the broker has acknowledged it.
- Sending an event again with the same `event_id` makes no duplicate; do so after a 503 or a time-out.
- `text/plain` bodies, which `navigator.sendBeacon` sends, are read as JSON. A body's `Content-Encoding` may be
  gzip, deflate, br or zstd; all limits apply to the unpacked body.
- `sent_at` corrects the sender's clock when it is 5 minutes or more off; a smaller difference is taken for delay.
- An event has a `user_id`, an `anonymous_id`, or both.
- Beyond what the schemas say: an `occurred_at` (after that correction) is at most 30 days old and at most 24 hours
  ahead; `rating_min` and `year_from` are not above `rating_max` and `year_to`; `properties` have at most
  {MAX_PROPERTIES_BYTES} bytes as compact JSON, {MAX_PROPERTIES_DEPTH} levels, and integers of 64 bits; integers are
  written without a fraction; no object has a key twice.
- What a browser decides is repaired: fractions of milliseconds, pixels and percents, a `dwell_ms` beyond a day, a
  screen of 0, texts that are too long, halves of surrogate pairs, unknown time zones.
- An event may have 64 KiB, a body 1 MiB, a batch {MAX_BATCH_EVENTS} events.
- Where write keys are configured, one is needed: in the header `{HEADER}`, or, for beacons, in the
  parameter `{PARAMETER}`.
- Requests are limited by client address. One costs as much as it has events, or 1 for each started
  {WEIGHED_BYTES // 1024} KiB of its unpacked body, whichever is more, and at most the whole limit. A body that
  unpacks to more than it may have, or cannot be unpacked, costs as much as the largest. A refusal gives nothing back.
- Every answer carries `{REQUEST_ID}`: that of the request, if it is well-formed, otherwise a new one.
  The log has it, too.
- Every error is an RFC 9457 problem document; a 400 names the JSON path that is wrong.
"""

_OF_EVENTS: Final = tuple(row for row in TABLE if row.reason is not None)
"""The errors by which events can be refused; their order is that of the table."""

_NOT_READY: Final = row_of(SinkUnavailableError())
_NO_METRICS: Final = (row_of(falcon.HTTPUnauthorized()), row_of(falcon.HTTPForbidden()))
_SECONDS: Final = {"type": "integer", "minimum": 0}
_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {"description": "Names this request in the logs.", "schema": {"type": "string"}, "required": True},
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Limit": {"description": "What one address may use up in a window.", "schema": _SECONDS},
    "RateLimit-Remaining": {"description": "What is left of them.", "schema": _SECONDS},
    "RateLimit-Reset": {"description": "Seconds until there is more.", "schema": _SECONDS},
    "X-UGC-Dropped": {
        "description": "Nothing was stored, because the browser asked for privacy (`Sec-GPC` or `DNT`).",
        "schema": {"const": "1"},
    },
    "WWW-Authenticate": {"description": "Where the write key belongs.", "schema": {"type": "string"}, "required": True},
}
_LIMITED: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def document(*, needs_key: bool = False, needs_token: bool = False) -> dict[str, Any]:
    """The whole document, ready to be encoded.

    `needs_key` where write keys are configured, `needs_token` where the token for metrics is.
    """
    security: list[dict[str, list[str]]] = [{"header": []}, {"parameter": []}]
    if not needs_key:
        security.append({})
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Events API", "version": "1.0.0", "description": _ABOUT},
        # Where the document itself came from.
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "events", "description": "Sending events."},
            {"name": "operation", "description": "Running the service."},
        ],
        "paths": {
            routes.EVENTS: {
                "post": {
                    "operationId": "postEvent",
                    "tags": ["events"],
                    "summary": "Store one event",
                    "description": "It is answered when the broker has the event. Without an `event_id` it gets one.",
                    "requestBody": _body(ref("Event"), {name: {"value": value} for name, value in EXAMPLES.items()}),
                    "responses": {
                        "202": {
                            **_accepted("Stored.", ref("EventAccepted"), _ONE_STORED),
                            "links": {
                                "again": _link("postEvent", "$request.body"),
                                "againInBatch": _link("postBatch", {"events": ["$request.body"]}),
                            },
                        },
                        **_problems(*_OF_EVENTS),
                    },
                    "security": security,
                }
            },
            routes.BATCH: {
                "post": {
                    "operationId": "postBatch",
                    "tags": ["events"],
                    "summary": f"Store 1 to {MAX_BATCH_EVENTS} events",
                    "description": "One bad event never costs the others: each is stored, or listed as `rejected`.",
                    "requestBody": _body(ref("Batch"), {"two events": {"value": _batch_example()}}),
                    "responses": {
                        "202": {
                            **_accepted("All events are stored.", ref("BatchAnswer"), _ALL_STORED),
                            "links": {"again": _link("postBatch", "$request.body")},
                        },
                        "207": _accepted(
                            "The valid events are stored; the others are listed.", ref("BatchAnswer"), _SOME_STORED
                        ),
                        **_problems(*_OF_EVENTS),
                    },
                    "security": security,
                }
            },
            routes.HEALTH: _get(
                "getHealth",
                "Whether the process is alive",
                "For whatever starts it again: the broker may be away all the same.",
                _answer("It is.", ref("Status")),
            ),
            routes.READINESS: _get(
                "getReadiness",
                "Whether events can be taken",
                "For load balancers: not while the broker is away, and not once the service was told to stop.",
                _answer("The broker answers.", ref("Status")),
                _NOT_READY,
            ),
            routes.METRICS: _get(
                "getMetrics",
                "Metrics of the service for Prometheus",
                "Where a token is configured, for whoever sends it; otherwise for the service's own machine.",
                {
                    "description": "Those of all workers.",
                    "headers": _headers("X-Request-Id"),
                    "content": {_TEXT: {"schema": {"type": "string"}}},
                },
                *_NO_METRICS,
                security=[{"token": []}] if needs_token else [],
            ),
        },
        "components": {
            "schemas": schemas(),
            "headers": _HEADERS,
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": HEADER},
                "parameter": {"type": "apiKey", "in": "query", "name": PARAMETER},
                **({"token": {"type": "http", "scheme": "bearer"}} if needs_token else {}),
            },
        },
    }
    # Some values are Python's, such as tuples; the document is JSON.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _body(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": schema, "examples": examples}
    return {"required": True, "content": {_JSON: content, _TEXT: content}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "headers": _headers("X-Request-Id"), "content": {_JSON: {"schema": schema}}}


def _accepted(description: str, schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "headers": _headers("X-Request-Id", *_LIMITED, "X-UGC-Dropped"),
        "content": {_JSON: {"schema": schema, "example": example}},
    }


def _link(operation: str, body: Any) -> dict[str, Any]:
    return {
        "operationId": operation,
        "requestBody": body,
        "description": "The same request again: accepted, and events that carry an `event_id` are stored once.",
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problems(*rows: Row) -> dict[str, Any]:
    """The answers that these errors have, by status, each with the first as its example."""
    answers: dict[str, Any] = {}
    for status in sorted({row.status for row in rows}):
        these = [row for row in rows if row.status == status]
        names = {name for row in these for name, _ in row.headers if name in _HEADERS}
        limited = _LIMITED if status == HTTPStatus.TOO_MANY_REQUESTS else ()
        answers[str(status)] = {
            "description": " ".join(dict.fromkeys(map(_sentence, these))),
            "headers": _headers("X-Request-Id", *sorted(names), *limited),
            "content": {
                MEDIA_PROBLEM: {
                    "schema": ref("Problem"),
                    "example": problem_of(these[0]._replace(sentence=_sentence(these[0]))),
                }
            },
        }
    return answers


def _sentence(row: Row) -> str:
    return row.documented or row.sentence


def _get(
    operation: str,
    summary: str,
    description: str,
    ok: dict[str, Any],
    *problems: Row,
    security: Sequence[dict[str, list[str]]] = (),
) -> dict[str, Any]:
    get = {
        "operationId": operation,
        "tags": ["operation"],
        "summary": summary,
        "description": description,
        "responses": {"200": ok, **_problems(*problems)},
        "security": security,
    }
    return {"get": get}


def _batch_example() -> dict[str, Any]:
    return {"sent_at": 1_767_225_600_000, "events": [EXAMPLES["click"], EXAMPLES["page_view"]]}


_ID: Final = "018bcfe5-69c8-7000-8000-000000000001"
_ONE_STORED: Final = {"event_id": _ID}
_ALL_STORED: Final = {"accepted": 2, "rejected": []}
_SOME_STORED: Final = {
    "accepted": 1,
    "rejected": [{"index": 1, "event_id": _ID, "error": "$.events[1].element: required field is missing"}],
}
