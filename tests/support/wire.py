"""What ClickHouse relies on in the messages on Kafka, checked on their bytes alone."""

from __future__ import annotations

import json
from typing import Any

from tests.support.event_cases import CASES

_ALWAYS = {"event_id", "event_type", "occurred_at", "received_at", "key_time", "payload"}
_TYPES = {path.stem for path in CASES.glob("*.yaml")} - {"common"}
_DAY_MS = 86_400_000
_INT64_MIN, _UINT64_MAX = -(2**63), 2**64 - 1


def read_message(message: bytes) -> list[dict[str, Any]]:
    """The events of a message: one JSON object a line, in UTF-8, no key twice, no number that ClickHouse would wrap."""
    assert message.endswith(b"\n")
    return [_read_line(line) for line in message.removesuffix(b"\n").split(b"\n")]


def _read_line(line: bytes) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(
        line.decode(), object_pairs_hook=once, parse_constant=_no_constant, parse_int=_of_64_bits
    )
    # Half of a surrogate pair could hide behind an escape.
    json.dumps(event, ensure_ascii=False).encode()
    assert set(event) >= _ALWAYS
    assert event["event_type"] in _TYPES
    assert event.get("user_id") or event.get("anonymous_id")
    received_at = event["received_at"]
    assert received_at - 30 * _DAY_MS <= event["occurred_at"] <= received_at + _DAY_MS
    assert event["key_time"] == 0 or -45 * _DAY_MS <= event["key_time"] - received_at <= 15 * _DAY_MS
    return event


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object, as a hook of the decoder; each key may come once."""
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise AssertionError(name)


def _of_64_bits(digits: str) -> int:
    number = int(digits)
    assert _INT64_MIN <= number <= _UINT64_MAX
    return number
