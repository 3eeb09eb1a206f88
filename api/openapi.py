"""The OpenAPI 3.1 document, made from the event types."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from api.events import AnyEvent, Batch
from api.examples import EXAMPLES
from api.limits import MAX_BATCH_EVENTS
from api.problems import MEDIA_PROBLEM, Problem
from api.resources.batch import BatchAnswer

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_REF: Final = "#/components/schemas/{name}"

_ABOUT: Final = f"""\
Takes behaviour events of an online cinema's web front end.

- An event is answered with success only after the broker has acknowledged it.
- Sending an event again with the same `event_id` makes no duplicate; do so after a 503 or a time-out.
- `text/plain` bodies, which `navigator.sendBeacon` sends, are read as JSON.
- An event may have 64 KiB, a body 1 MiB, a batch {MAX_BATCH_EVENTS} events.
- Every error is an RFC 9457 problem document; a 400 names the JSON path that is wrong.
"""

_PROBLEMS: Final = {
    400: "The body is not what it should be; `errors` (or `rejected`) name the JSON paths.",
    413: "The body, or an event in it, is too large.",
    415: "The body's media type, character set or encoding is not read here.",
    500: "Something went wrong on the server; the event may not have been stored.",
    503: "The broker did not acknowledge in time, or too much is waiting for it. Send the same again later.",
}


def document() -> dict[str, Any]:
    """The whole document, ready to be encoded."""
    (event, batch, answer, _), components = msgspec.json.schema_components(
        [AnyEvent, Batch, BatchAnswer, Problem], ref_template=_REF
    )
    components["Event"] = {**event, "allOf": [{"anyOf": [_present("user_id"), _present("anonymous_id")]}]}
    components["EventAccepted"] = {
        "type": "object",
        "properties": {"event_id": {"type": "string", "format": "uuid"}},
        "required": ["event_id"],
    }
    components["Status"] = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    reference = {"$ref": _REF.format(name="Event")}
    components["Batch"]["properties"]["events"]["items"] = reference
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Events API", "version": "1.0.0", "description": _ABOUT},
        "tags": [{"name": "events"}, {"name": "operation"}],
        "paths": {
            "/api/v1/events": {
                "post": {
                    "operationId": "postEvent",
                    "tags": ["events"],
                    "summary": "Store one event",
                    "requestBody": _body(reference, {name: {"value": value} for name, value in EXAMPLES.items()}),
                    "responses": {
                        "202": _answer("Stored.", {"$ref": _REF.format(name="EventAccepted")}),
                        **_problems(400, 413, 415, 500, 503),
                    },
                }
            },
            "/api/v1/events/batch": {
                "post": {
                    "operationId": "postBatch",
                    "tags": ["events"],
                    "summary": f"Store 1 to {MAX_BATCH_EVENTS} events",
                    "requestBody": _body(batch, {"two events": {"value": _batch_example()}}),
                    "responses": {
                        "202": _answer("All events are stored.", answer),
                        "207": _answer("The valid events are stored; the others are listed.", answer),
                        **_problems(400, 413, 415, 500, 503),
                    },
                }
            },
            "/healthz": _get("getHealth", "Whether the process is alive", "It is."),
            "/readyz": _get("getReadiness", "Whether events can be taken", "The broker answers.", 503),
        },
        "components": {
            "schemas": components,
            "headers": {
                "RetryAfter": {
                    "description": "Seconds to wait before the request is sent again.",
                    "required": True,
                    "schema": {"type": "integer", "minimum": 1},
                }
            },
        },
    }
    # Defaults are Python values, such as tuples; the document is JSON.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _body(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    content = {"schema": schema, "examples": examples}
    return {"required": True, "content": {_JSON: content, _TEXT: content}}


def _present(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"type": "string"}}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _problems(*statuses: int) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status in statuses:
        schema = {"$ref": _REF.format(name="Problem")}
        answers[str(status)] = {"description": _PROBLEMS[status], "content": {MEDIA_PROBLEM: {"schema": schema}}}
    if "503" in answers:
        answers["503"]["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return answers


def _get(operation: str, summary: str, description: str, *problems: int) -> dict[str, Any]:
    ok = _answer(description, {"$ref": _REF.format(name="Status")})
    get = {
        "operationId": operation,
        "tags": ["operation"],
        "summary": summary,
        "responses": {"200": ok, **_problems(*problems)},
    }
    return {"get": get}


def _batch_example() -> dict[str, Any]:
    return {"sent_at": 1_767_225_600_000, "events": [EXAMPLES["click"], EXAMPLES["page_view"]]}
