"""What a browser, a player or an address bar decides, and not the page's own code: such values are repaired.

Only an event that strict decoding refused comes here, so that good events pay nothing. What is left wrong is refused,
for hardly more than if nothing had been repaired: a text is read over once, and only what is repaired is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from api.pipeline.events import EVENT_TYPES, Context
from api.pipeline.excerpts import UNREADABLE, as_text
from api.pipeline.time_zones import TIME_ZONES

Repair = tuple[str, str]
"""Field and rule: the labels of the counter, both from the closed lists below."""

Repairs = dict[Repair, int]
"""How often each was made."""

DAY_MS: Final = 86_400_000
MAX_PIXELS: Final = 1_000_000
MAX_SCREEN: Final = 65_535
CUT: Final = "cut"
ROUNDED: Final = "rounded"
UNKNOWN: Final = "unknown"
SURROGATE: Final = "surrogate"

TEXT_LIMITS: Final = {"page_url": 2048, "referrer": 2048, "label": 256, "title": 512, "query": 512}
DURATIONS: Final = ("dwell_ms", "active_ms", "position_ms", "duration_ms", "watched_ms")
STAYS: Final = ("dwell_ms", "active_ms")
"""Durations that go on while a tab is open, for days if need be."""

PIXELS: Final = ("x", "y")
SCREEN: Final = ("screen_width", "screen_height")
SCROLL: Final = "scroll_percent"
NUMBERS: Final = (*DURATIONS, *PIXELS, *SCREEN, SCROLL)
HALF_A_PAIR: Final[Repair] = ("text", SURROGATE)
"""Counted once for a request, because it is mended in its text."""

# That both kinds begin alike lets the search run from one escape to the next.
_HALF: Final = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)
_ESCAPED_BACKSLASH: Final = b"\0\0"
"""In its place for the search: JSON has no such bytes."""

_BYTES_A_SURROGATE: Final = 100
_FEW_SURROGATES: Final = 1000
"""Each that is escaped costs as much as 100 bytes of other text. With more of them than this, and one more for each 100
bytes, a text costs more to mend than a good one to decode."""

_Value = TypeVar("_Value")
_Repairer = Callable[[Raw], tuple[Raw, str] | None]
"""Takes a value as it was sent; gives what it becomes and by which rule, or None where it is not to be repaired."""

_number: Final[msgspec.json.Decoder[int | float]] = msgspec.json.Decoder(int | float)
_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = Raw(b"null")


def is_repairable(error: msgspec.ValidationError) -> bool:
    """Whether the decoder refused a value of those that are repaired."""
    return str(error).rpartition(" - at `$.")[2].removesuffix("`") in _PLACES


def mend_surrogates(text: bytes, repairs: Repairs) -> bytes:
    """The JSON text with U+FFFD for each half of a surrogate pair; as it is where there is none, or too many."""
    many = text.count(rb"\ud") + text.count(rb"\uD")
    if _ESCAPED_BACKSLASH in text or not 0 < many <= _FEW_SURROGATES + len(text) // _BYTES_A_SURROGATE:
        return text
    mended, halves = _HALF.subn(rb"\\ufffd", text.replace(rb"\\", _ESCAPED_BACKSLASH))
    if not halves:
        return text
    repairs[HALF_A_PAIR] = 1
    return mended.replace(_ESCAPED_BACKSLASH, rb"\\")


def mend_values(document: bytes, repairs: Repairs) -> bytes:
    """The event with what can be repaired of it; as it is where that is nothing. Raises what a decoder raises."""
    fields = _fields.decode(document)
    mended = _mend_each(fields, _REPAIRERS, repairs)
    if fields.context is not UNSET:
        context = _read(_context, fields.context)
        if context is not None and _mend_each(context, _CONTEXT_REPAIRERS, repairs):
            fields.context = Raw(_encode(context))
            mended = True
    return _encode(fields) if mended else document


def summed(each: Iterable[Repairs]) -> Repairs:
    """Those of several events together."""
    total: Repairs = {}
    for repairs in each:
        for repair, count in repairs.items():
            total[repair] = total.get(repair, 0) + count
    return total


def emptied(repairs: Repairs) -> int:
    """How many values of one event were repaired by leaving them out."""
    return sum(rule is UNKNOWN for _, rule in repairs) if repairs else 0


def _mend_each(fields: Any, repairers: dict[str, _Repairer], repairs: Repairs) -> bool:
    mended = False
    for name, repairer in repairers.items():
        value = getattr(fields, name)
        found = None if value is UNSET else repairer(value)
        if found is not None:
            repaired, rule = found
            setattr(fields, name, repaired)
            repairs[name, rule] = 1
            mended = True
    return mended


def _cutting(limit: int) -> _Repairer:
    def repair(value: Raw) -> tuple[Raw, str] | None:
        text = as_text(value)
        return None if text is None or len(text) <= limit else (Raw(_encode(text[:limit])), CUT)

    return repair


def _rounding(least: int, most: int, *, cut: bool = False) -> _Repairer:
    def repair(value: Raw) -> tuple[Raw, str] | None:
        number = _read(_number, value)
        if number is None:
            return None
        if cut and number > most:
            return Raw(_encode(most)), CUT
        if isinstance(number, float) and least <= (whole := round(number)) <= most:
            return Raw(_encode(whole)), ROUNDED
        return None

    return repair


def _repair_screen(value: Raw) -> tuple[Raw, str] | None:
    number = _read(_number, value)
    return _round_screen(value) if number is None or round(number) != 0 else (_NOTHING, UNKNOWN)


def _repair_zone(value: Raw) -> tuple[Raw, str] | None:
    zone = as_text(value)
    return None if zone is None or zone in TIME_ZONES else (_NOTHING, UNKNOWN)


def _read(decoder: msgspec.json.Decoder[_Value], value: Raw) -> _Value | None:
    """The value, if it is of the decoder's type."""
    try:
        return decoder.decode(value)
    except UNREADABLE:
        return None


def _as_sent(name: str, fields: list[str]) -> msgspec.json.Decoder[Any]:
    """A decoder that gives each of these fields as it was sent, and refuses any other."""
    parts = [(field, Raw | UnsetType, UNSET) for field in fields]
    return msgspec.json.Decoder(msgspec.defstruct(name, parts, forbid_unknown_fields=True, gc=False))


_round_screen: Final = _rounding(1, MAX_SCREEN)
_REPAIRERS: Final[dict[str, _Repairer]] = {
    **{name: _cutting(limit) for name, limit in TEXT_LIMITS.items()},
    **{name: _rounding(0, DAY_MS, cut=name in STAYS) for name in DURATIONS},
    **{name: _rounding(-MAX_PIXELS, MAX_PIXELS) for name in PIXELS},
    SCROLL: _rounding(0, 100),
}
_CONTEXT_REPAIRERS: Final[dict[str, _Repairer]] = {
    **dict.fromkeys(SCREEN, _repair_screen),
    "timezone": _repair_zone,
}
_PLACES: Final = {*_REPAIRERS, *(f"context.{name}" for name in _CONTEXT_REPAIRERS)}
# Of all types together: which has which is for the decoder to say, when it is asked again.
_fields: Final = _as_sent(
    "FieldsAsSent", ["event_type", *dict.fromkeys(name for kind in EVENT_TYPES for name in kind.__struct_fields__)]
)
_context: Final = _as_sent("ContextAsSent", list(Context.__struct_fields__))
