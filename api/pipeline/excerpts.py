"""Single values of a JSON text. The rest is only read over: one small value of a large text costs little."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder can raise on hostile input."""

_STEP: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")
_MAX_INDEX: Final = 64


def value_at(text: bytes | memoryview | Raw, path: str) -> bytes | None:
    """The JSON of the value at `path`, such as `$.context.locale`; None where there is none or it cannot be read."""
    steps = path.removeprefix("$")
    if _STEP.sub("", steps):
        return None
    for name, index in _STEP.findall(steps):
        if index and int(index) > _MAX_INDEX:
            return None
        try:
            found = _one_item(int(index)).decode(text) if index else _one_field(name).decode(text)
        except UNREADABLE:
            return None
        text = found.value
    return bytes(text) or None


def text_at(text: bytes | memoryview | Raw, path: str) -> str | None:
    """The string at `path`; None where there is none, or something else."""
    value = value_at(text, path)
    return None if value is None else as_text(value)


def as_text(value: bytes | memoryview | Raw) -> str | None:
    """The string that this JSON is; None when it is something else."""
    try:
        return _text.decode(value)
    except UNREADABLE:
        return None


_text: Final = msgspec.json.Decoder(str)


# The names are those of the events' fields, so there are only so many.
@lru_cache(256)
def _one_field(name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("OneField", [("value", Raw, Raw())], rename={"value": name}))


@lru_cache(_MAX_INDEX + 1)
def _one_item(index: int) -> msgspec.json.Decoder[Any]:
    before = [(f"item_{place}", Raw, Raw()) for place in range(index)]
    return msgspec.json.Decoder(msgspec.defstruct("OneItem", [*before, ("value", Raw, Raw())], array_like=True))
