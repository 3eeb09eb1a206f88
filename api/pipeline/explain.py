"""Turns the decoder's errors into rejections that say where, what was expected and what was found.

Refusing costs no more than accepting would: of what was refused, only the value that is shown is read again.
"""

from __future__ import annotations

import json
import re
from typing import Final, get_args

import msgspec

from api.pipeline.events import EVENT_TYPES
from api.pipeline.excerpts import UNREADABLE, as_text, text_at, value_at
from api.pipeline.hints import meant, written_as
from api.pipeline.rejections import Reason, RejectionError
from api.pipeline.times import LEAST_EPOCH_MS

_WITH_PATH: Final = re.compile(r"(?P<text>.*?) - at `(?P<path>\$.*)`", re.DOTALL)
_FIELD: Final = re.compile(r"Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`", re.DOTALL)
# At the end of a string, in a text without escaped backslashes.
_HALF_PAIR: Final = re.compile(rb'\\u[dD][89abAB][0-9a-fA-F]{2}"')
_MAX_SHOWN: Final = 64
_MAX_COUNTED: Final = 16 * 1024
"""Bytes of a list or object whose items are counted."""

_QUALITIES: Final = ("$.from_quality", "$.to_quality")
_TIME_FIELDS: Final = ("$.occurred_at", "$.sent_at")
_TIME_HINT: Final = "RFC 3339 with an offset, such as 2024-01-31T12:00:00Z, or epoch milliseconds"
_items: Final = msgspec.json.Decoder(list[msgspec.Raw])
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_number: Final = msgspec.json.Decoder(float)
_KNOWN_NAMES: Final = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_TYPES: Final = re.compile(r"`(str|int|float|bool|array|object)(?: \| null)?`")


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
        return _wrong_value(str(error), document)
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
    whole = bytes(document)
    if whole.rstrip().endswith((b"}", b"]")) and _HALF_PAIR.search(whole.replace(rb"\\", b"")):
        return "expected JSON in UTF-8, got half of a surrogate pair in a string"
    return f"expected JSON: it ends too early, after byte {len(document)}"


def _wrong_value(message: str, document: bytes | memoryview) -> RejectionError:
    match = _WITH_PATH.fullmatch(message)
    text, path = (match["text"], match["path"]) if match else (message, "$")
    field = _FIELD.fullmatch(text)
    if field:
        name = field["name"]
        if field["what"] == "contains unknown":
            return RejectionError(Reason.UNKNOWN_FIELD, f"{path}.{_shorten(name)}", f"unknown field{meant(name)}")
        hint = written_as(document, name) if path == "$" else ""
        return RejectionError(Reason.MISSING_FIELD, f"{path}.{name}", f"required field is missing{hint}")
    text = _TYPES.sub(lambda found: f"`{_KNOWN_NAMES.get(found[1], found[1])}`", text)
    if path in _TIME_FIELDS:
        hint = _no_offset(text) or _seconds(value_at(document, path))
        return RejectionError(Reason.BAD_TIME, path, f"expected {_TIME_HINT}{_got(document, path)}{hint}")
    if text.startswith("Invalid"):
        return _unlisted(text, path, document)
    if path in _QUALITIES:
        text = "Expected lines of the picture, 1p to 8192p, or auto"
    reason = Reason.BAD_PROPERTIES if path.startswith("$.properties") else Reason.INVALID_VALUE
    expected = text[:1].lower() + text[1:]
    return RejectionError(reason, path, expected if ", got " in expected else expected + _got(document, path))


def _unlisted(text: str, path: str, document: bytes | memoryview) -> RejectionError:
    if path == "$.event_type":
        detail = f"expected one of {', '.join(_TAGS)}{_got(document, path)}"
        return RejectionError(Reason.UNKNOWN_EVENT_TYPE, path, detail)
    choices = _CHOICES.get((text_at(document, "$.event_type") or "", path))
    expected = f"expected one of {', '.join(choices)}" if choices else f"expected a valid {text.split(' ')[1]}"
    return RejectionError(Reason.INVALID_VALUE, path, expected + _got(document, path))


def _seconds(value: bytes | None) -> str:
    try:
        number = -1.0 if value is None else _number.decode(value)
    except UNREADABLE:
        return ""
    return ", which is in seconds: multiply it by 1000" if 0 <= number < LEAST_EPOCH_MS else ""


def _no_offset(text: str) -> str:
    return ", which has no offset" if "timezone" in text else ""


def _got(document: bytes | memoryview, path: str) -> str:
    """`, got …` with the value at `path`, or nothing where it cannot be shown."""
    value = value_at(document, path)
    if value is None:
        return ""
    if value.startswith((b"[", b"{")):
        return _got_items(value)
    text = as_text(value)
    if text is None:
        return f", got {_shorten(value[: _MAX_SHOWN + 1].decode())}"
    return f", got {_quote(text)}" if len(text) <= _MAX_SHOWN else f", got {len(text)} characters"


def _got_items(value: bytes) -> str:
    if len(value) > _MAX_COUNTED:
        return f", got {len(value)} bytes of JSON"
    try:
        many = len(_items.decode(value) if value.startswith(b"[") else _members.decode(value))
    except UNREADABLE:
        return ""
    return f", got {many} items"


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def _quote(text: str) -> str:
    return _shorten(json.dumps(text, ensure_ascii=False))
