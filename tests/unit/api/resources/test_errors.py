"""The table of errors: complete, and the only place from which answers and their documentation come."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

import api
from api.documentation.openapi import document
from api.pipeline.rejections import EventTooLargeError, Reason, RejectionError
from api.resources import errors
from api.resources.problems import NothingAcceptedError, RejectedEvent
from tests.unit.api.conftest import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE, FOREIGN = "https://cinema.example", "https://evil.example"

# Caught where they are raised, or raised before there is a service; the last two end as an internal error on purpose.
NOT_ANSWERED = {
    *("DamagedBodyError", "OversizedBodyError", "PortTakenError", "StorageMissingError"),
    *("SinkError", "SinkRefusedError", "AnswerError", "LifespanError", "RefusedError", "DamagedChunksError"),
}
EARLY = [row for row in errors.TABLE if row.error is None]


def exceptions_of_the_service() -> Iterator[type[Exception]]:
    for module in pkgutil.walk_packages(api.__path__, "api."):
        if module.name in {"api.__main__", "api.asgi"}:
            continue
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, Exception) and kind.__module__ == module.name:
                yield kind


def test_every_exception_of_the_service_has_a_row_of_its_own() -> None:
    rows = {row.error for row in errors.TABLE}
    missing = {kind.__name__ for kind in exceptions_of_the_service() if kind not in rows}
    assert missing == NOT_ANSWERED


def test_each_error_stands_in_the_table_once() -> None:
    seen = [(row.error, row.status if row.error is None else 0) for row in errors.TABLE]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("row", errors.TABLE, ids=lambda row: f"{row.status} {row.name}")
def test_row_is_whole(row: errors.Row) -> None:
    assert 400 <= HTTPStatus(row.status) < 600
    assert row.name == row.name.lower().replace(" ", "-")
    sentence = row.documented or row.sentence
    assert sentence.endswith(".") or (row.error is not None and "{0.description}" in sentence)
    if row.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        assert "Retry-After" in dict(row.headers)


def test_most_specific_row_counts() -> None:
    too_large = EventTooLargeError(Reason.EVENT_TOO_LARGE, "$", "too large").below("$.events[3]")
    assert errors.row_of(too_large).name == "event-too-large"
    assert errors.row_of(RejectionError(Reason.INVALID_VALUE, "$", "wrong")).name == "invalid-event"
    assert errors.row_of(KeyError("x")).name == "internal-error"


def test_what_was_sent_is_quoted_and_never_read_as_a_template() -> None:
    error = RejectionError(Reason.INVALID_VALUE, "$.x", "got {0.reason} {} {0")
    assert errors.problem_of(errors.row_of(error), error).detail == "$.x: got {0.reason} {} {0"
    nothing = NothingAcceptedError([RejectedEvent(0, None, "$.events[0].{0}: wrong")], {Reason.INVALID_VALUE: 1})
    assert errors.problem_of(errors.row_of(nothing), nothing).detail.endswith("$.events[0].{0}: wrong")


def test_document_has_the_rows_that_refuse_events_and_no_others() -> None:
    of_events = [row for row in errors.TABLE if row.reason is not None]
    for path in ("/api/v1/events", "/api/v1/events/batch"):
        answers: dict[str, Any] = document()["paths"][path]["post"]["responses"]
        assert {status for status in answers if int(status) >= 400} == {str(row.status) for row in of_events}
        for row in of_events:
            assert (row.documented or row.sentence) in answers[str(row.status)]["description"]
            assert set(dict(row.headers)) - {"Connection"} <= set(answers[str(row.status)]["headers"])


@pytest.mark.parametrize("row", EARLY, ids=lambda row: f"{row.status}")
@pytest.mark.parametrize(
    ("allowed", "origin", "readable"),
    [("*", PAGE, PAGE), ("*", None, None), (PAGE, PAGE, PAGE), (PAGE, FOREIGN, None), (PAGE, None, None)],
)
def test_what_the_http_server_answers_by_itself_is_a_problem_that_pages_can_read(
    row: errors.Row, allowed: str, origin: str | None, readable: str | None
) -> None:
    service = Service(UGC_ALLOWED_ORIGINS=allowed)
    raw, body = service.app.early_answer(row.status, origin)
    headers = {name.decode(): value.decode() for name, value in raw}
    problem = json.loads(body)
    assert (problem["status"], problem["type"]) == (row.status, f"urn:ugc:problem:{row.name}")
    assert problem["detail"] == row.sentence
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(body))
    assert headers["connection"] == "close"
    assert headers["x-request-id"]
    assert headers.get("access-control-allow-origin") == readable
    assert headers["vary"] == "Origin"
    text = service.client.simulate_get("/metrics").text
    assert f'ugc_http_requests_total{{route="other",status="{row.status}"}} 1.0' in text


@pytest.mark.parametrize(
    "origin", ["https://x\r\nSet-Cookie: a=b.cinema.example", "https://a b.cinema.example", "https://"]
)
def test_what_is_no_origin_is_never_echoed(origin: str) -> None:
    service = Service(UGC_ALLOWED_ORIGINS="https://*.cinema.example")
    headers, _ = service.app.early_answer(431, origin)
    assert b"access-control-allow-origin" not in dict(headers)


def test_unexpected_error_is_logged_without_its_message(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.sink.error = KeyError("secret")
    answer = service.batch([{"event_type": "click", "user_id": "u1", "element": "movie"}])
    assert (answer.status_code, answer.json["type"]) == (500, "urn:ugc:problem:internal-error")
    [record] = [record for record in caplog.records if record.getMessage() == "unhandled error"]
    fields: dict[str, Any] = vars(record)["fields"]
    assert (fields["request_id"], fields["route"]) == (answer.headers["x-request-id"], "/api/v1/events/batch")
    assert "secret" not in json.dumps(fields)
