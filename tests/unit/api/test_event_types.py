"""Every rule about the fields of events, as data: what goes in, and what comes out or is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from api.events import EVENT_TYPES
from api.examples import EXAMPLES

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service

CASES = Path(__file__).parent / "cases"
ABSENT = "ABSENT"


def _value(text: str) -> Any:
    """`${a*3}` is aaa; `${list*3}`, `${keys*3}`, `${deep*3}` are a list, an object, a nested object of that size."""
    match = re.fullmatch(r"\$\{(\w+)\*(\d+)\}", text)
    if match is None:
        return re.sub(r"\$\{a\*(\d+)\}", lambda found: "a" * int(found[1]), text)
    kind, size = match[1], int(match[2])
    if kind == "list":
        return [f"item {number}" for number in range(size)]
    if kind == "keys":
        return {f"key {number}": number for number in range(size)}
    if kind == "deep":
        value: Any = 1
        for _ in range(size):
            value = {"d": value}
        return value
    return "a" * size


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    return _value(value) if isinstance(value, str) else value


def _cases(section: str) -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in document[section]:
            changed = {**document["valid"], **case["change"]}
            event = {key: _filled(value) for key, value in changed.items() if value != ABSENT}
            found.append(pytest.param(event, _filled(case), id=f"{path.stem}: {case['name']}"))
    return found


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
