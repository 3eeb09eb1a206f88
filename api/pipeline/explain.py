"""Turns the decoder's errors into rejections that say where, what was expected and what was found.

Only refused input gets here, so there is time to read the body again.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, get_args

import msgspec

from api.pipeline.events import EVENT_TYPES, Batch, Context
from api.pipeline.rejections import Reason, RejectionError
from api.pipeline.times import LEAST_EPOCH_MS

_WITH_PATH: Final = re.compile(r"(?P<text>.*?) - at `(?P<path>\$.*)`", re.DOTALL)
_FIELD: Final = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")
_MAX_SHOWN: Final = 64
_QUALITIES: Final = ("$.from_quality", "$.to_quality")
_TIME_FIELDS: Final = ("$.occurred_at", "$.sent_at")
_TIME_HINT: Final = "RFC 3339 with an offset, such as 2024-01-31T12:00:00Z, or epoch milliseconds"
_ABSENT: Final = object()
_STRUCTS: Final[tuple[type[msgspec.Struct], ...]] = (*EVENT_TYPES, Context, Batch)
_KNOWN_NAMES: Final = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_TYPES: Final = re.compile(r"`(str|int|float|bool|array|object)(?: \| null)?`")
_FIELDS: Final = {name for kind in _STRUCTS for name in kind.__struct_fields__} | {"event_type"}


def _choices() -> dict[tuple[str, str], tuple[str, ...]]:
    """The allowed values of each enumerated field, by event type and path."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for event_type in EVENT_TYPES:
        for field in msgspec.structs.fields(event_type):
            values = get_args(field.type)
            if values and all(isinstance(value, str) for value in values):
                found[str(event_type.__struct_config__.tag), f"$.{field.name}"] = values
    return found


_TAGS: Final = tuple(str(event_type.__struct_config__.tag) for event_type in EVENT_TYPES)
_CHOICES: Final = _choices()


def explain(error: Exception, document: bytes | memoryview) -> RejectionError:
    """The rejection of `document`, which the decoder refused with `error`."""
    if isinstance(error, msgspec.ValidationError):
        return _wrong_value(str(error), _read_loosely(document))
    if isinstance(error, UnicodeDecodeError):
        return RejectionError(Reason.MALFORMED_JSON, "$", "expected UTF-8, got bytes that are not")
    if isinstance(error, RecursionError):
        return RejectionError(Reason.MALFORMED_JSON, "$", "nested too deeply")
    return RejectionError(Reason.MALFORMED_JSON, "$", _malformed(str(error), document))


def _malformed(text: str, document: bytes | memoryview) -> str:
    if bytes(document[:2]) == b"\x1f\x8b":
        return "expected JSON, got gzip: say so in the header Content-Encoding: gzip"
    if "truncated" not in text:
        return f"expected JSON: {text.removeprefix('JSON is malformed: ')}"
    # The decoder also reports a lone surrogate at the end of a string as truncated input.
    if _read_loosely(document) is not _ABSENT:
        return "expected JSON in UTF-8, got half of a surrogate pair in a string"
    return f"expected JSON: it ends too early, after byte {len(document)}"


def _wrong_value(message: str, value: Any) -> RejectionError:
    match = _WITH_PATH.fullmatch(message)
    text, path = (match["text"], match["path"]) if match else (message, "$")
    text = _TYPES.sub(lambda found: f"`{_KNOWN_NAMES.get(found[1], found[1])}`", text)
    misplaced = _misplaced(value, text) if path == "$" else None
    if misplaced is not None:
        return misplaced
    field = _FIELD.fullmatch(text)
    if field:
        path = f"{path}.{_shorten(field['name'])}"
        if field["what"] == "contains unknown":
            return RejectionError(Reason.UNKNOWN_FIELD, path, f"unknown field{_like(field['name'])}")
        names = value if path.count(".") == 1 and isinstance(value, dict) else {}
        hint = next((f", got {_shorten(each)}" for each in names if _like(each).endswith(f" {field['name']}?")), "")
        return RejectionError(Reason.MISSING_FIELD, path, f"required field is missing{hint}")
    if path in _TIME_FIELDS:
        hint = _no_offset(text) or _seconds(_at(value, path))
        return RejectionError(Reason.BAD_TIME, path, f"expected {_TIME_HINT}{_got(value, path)}{hint}")
    if text.startswith("Invalid"):
        return _unlisted(text, path, value)
    if path in _QUALITIES:
        text = "Expected lines of the picture, 1p to 8192p, or auto"
    reason = Reason.BAD_PROPERTIES if path.startswith("$.properties") else Reason.INVALID_VALUE
    expected = text[:1].lower() + text[1:]
    return RejectionError(reason, path, expected if ", got " in expected else expected + _got(value, path))


def _misplaced(value: Any, text: str) -> RejectionError | None:
    """What belongs somewhere else, or has another name there."""
    if isinstance(value, list):
        detail = 'expected an object, got an array: wrap it as {"events": […]} and post it to /api/v1/events/batch'
        return RejectionError(Reason.INVALID_VALUE, "$", detail)
    if not isinstance(value, dict):
        return None
    if "events" in value and "event_type" not in value and ("`event_type`" in text or "unknown field `events`" in text):
        detail = "expected one event, got a batch: post it to /api/v1/events/batch"
        return RejectionError(Reason.INVALID_VALUE, "$", detail)
    if "event_type" in value and "events" not in value and "`event" in text:
        detail = 'expected a batch, got one event: post it to /api/v1/events, or wrap it as {"events": […]}'
        return RejectionError(Reason.INVALID_VALUE, "$", detail)
    return None


def _like(name: str) -> str:
    """A hint for a field that is written in another way than ours, such as `eventType`."""
    ours = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", name).lower()
    return f": did you mean {ours}?" if ours != name and ours in _FIELDS else ""


def _unlisted(text: str, path: str, value: Any) -> RejectionError:
    if path == "$.event_type":
        detail = f"expected one of {', '.join(_TAGS)}{_got(value, path)}"
        return RejectionError(Reason.UNKNOWN_EVENT_TYPE, path, detail)
    tag = value.get("event_type") if isinstance(value, dict) else None
    choices = _CHOICES.get((tag, path)) if isinstance(tag, str) else None
    expected = f"expected one of {', '.join(choices)}" if choices else f"expected a valid {text.split(' ')[1]}"
    return RejectionError(Reason.INVALID_VALUE, path, expected + _got(value, path))


def _seconds(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return ", which is in seconds: multiply it by 1000" if is_number and 0 <= value < LEAST_EPOCH_MS else ""


def _no_offset(text: str) -> str:
    return ", which has no offset" if "timezone" in text else ""


def _at(value: Any, path: str) -> Any:
    """The value at `path`, or `_ABSENT`."""
    steps = path.removeprefix("$")
    if _STEP.sub("", steps):
        return _ABSENT
    for name, index in _STEP.findall(steps):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return value


def _got(value: Any, path: str) -> str:
    """`, got …` with the value at `path`, or nothing where it cannot be shown."""
    value = _at(value, path)
    if value is _ABSENT:
        return ""
    if isinstance(value, dict | list):
        return f", got {len(value)} items"
    if isinstance(value, str) and len(value) > _MAX_SHOWN:
        return f", got {len(value)} characters"
    return f", got {_shorten(json.dumps(value, ensure_ascii=False))}"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _read_loosely(document: bytes | memoryview) -> Any:
    try:
        return json.loads(bytes(document))
    except (ValueError, RecursionError):
        return _ABSENT
