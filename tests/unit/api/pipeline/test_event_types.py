"""Every rule about the fields of events, as data: what goes in, and what comes out or is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.documentation.examples import EXAMPLES
from api.pipeline.events import EVENT_TYPES
from tests.support.event_cases import CASES, event_cases

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service


def _cases(section: str) -> list[Any]:
    return [pytest.param(each.event, each.case, id=each.name) for each in event_cases(section)]


@pytest.mark.parametrize(("event", "case"), _cases("accepted"))
def test_valid_event_reaches_the_wire(service: Service, event: dict[str, Any], case: dict[str, Any]) -> None:
    answer = service.event(event)
    assert answer.status_code == 202, answer.text
    [message] = service.sink.messages
    assert message.count(b"\n") == 1
    assert message.endswith(b"\n")
    [wire] = service.sink.events()
    assert answer.json == {"event_id": wire["event_id"]}
    assert wire["event_type"] == event["event_type"]
    if "payload" in case:
        assert wire["payload"] == case["payload"]
    for name, value in case.get("wire", {}).items():
        assert wire[name] == value


@pytest.mark.parametrize(("event", "case"), _cases("refused"))
def test_invalid_event_is_refused_with_its_path(service: Service, event: dict[str, Any], case: dict[str, Any]) -> None:
    answer = service.event(event)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"] == case["error"]
    path, _, detail = case["error"].partition(": ")
    assert answer.json["errors"] == [{"path": path, "detail": detail}]
    assert service.sink.messages == []


@pytest.mark.parametrize(("event", "case"), _cases("refused"))
def test_batch_says_the_same_with_the_place_of_the_event(
    service: Service, click: dict[str, Any], event: dict[str, Any], case: dict[str, Any]
) -> None:
    answer = service.batch([click, event])
    assert answer.status_code == 207
    [rejected] = answer.json["rejected"]
    assert rejected["error"] == "$.events[1]" + case["error"].removeprefix("$")


def test_every_event_type_has_cases_and_an_example() -> None:
    tags = {str(event_type.__struct_config__.tag) for event_type in EVENT_TYPES}
    assert {path.stem for path in CASES.glob("*.yaml")} == tags | {"common"}
    assert set(EXAMPLES) == tags


@pytest.mark.parametrize("event_type", sorted(EXAMPLES))
def test_example_is_a_valid_event(service: Service, event_type: str) -> None:
    assert service.event(EXAMPLES[event_type]).status_code == 202
    [wire] = service.sink.events()
    assert wire["event_type"] == event_type
