"""The cases of events (`tests/unit/api/cases`): what goes in, and what comes out or is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CASES = Path(__file__).parents[1] / "unit" / "api" / "pipeline" / "cases"
ABSENT = "ABSENT"


class EventCase(NamedTuple):
    name: str
    event: dict[str, Any]
    case: dict[str, Any]
    """What is expected, as it stands in the file."""


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


def event_cases(section: str) -> list[EventCase]:
    """All cases of one section, `accepted` or `refused`."""
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in document[section]:
            changed = {**document["valid"], **case["change"]}
            event = {key: _filled(value) for key, value in changed.items() if value != ABSENT}
            found.append(EventCase(f"{path.stem}: {case['name']}", event, _filled(case)))
    return found
