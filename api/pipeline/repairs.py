"""What a browser, a player or an address bar decides, and not the page's own code: such values are repaired.

Only an event that strict decoding refused comes here, so that good events pay nothing. What is left wrong is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from api.pipeline.time_zones import TIME_ZONES

_Value = TypeVar("_Value")
Repair = tuple[str, str]
"""Field and rule: the labels of the counter, both from the closed lists below."""

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

# A pair, half of one, or any other escape, so that an escaped backslash before a `u` is not taken for one.
_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_MAX_ESCAPES: Final = 20_000
"""More would cost more to look at than a good body costs."""

_members: Final = msgspec.json.Decoder(dict[str, Raw])
_text: Final = msgspec.json.Decoder(str)
_number: Final[msgspec.json.Decoder[int | float]] = msgspec.json.Decoder(int | float)
_encode: Final = msgspec.json.Encoder().encode
_NOTHING: Final = Raw(b"null")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


_Repairer = Callable[[Raw], tuple[Raw, str] | None]
"""Takes a value as it was sent; gives what it becomes and by which rule, or None where it is not to be repaired."""


class Mended(NamedTuple):
    """A JSON text after repairs, and what they were."""

    document: bytes
    repairs: list[Repair]


def mend(document: bytes, error: Exception) -> Mended | None:
    """The event that the decoder refused with this error, repaired; None where the error is not of that kind.

    What the decoder would name next is repaired with it, unless it is of the other kind: half of a pair, or a value.
    """
    if isinstance(error, msgspec.ValidationError):
        # Whatever else there is, an event is refused for a value that is beyond repair.
        return _mend_values(document) if _place(error) in _PLACES else None
    return mend_surrogates(document)


def mend_surrogates(document: bytes) -> Mended | None:
    """The text with U+FFFD for each half of a surrogate pair; None where there is none, or too much to look at."""
    if not 0 < document.count(b"\\") <= _MAX_ESCAPES:
        return None
    mended = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], document)
    return None if mended == document else Mended(mended, [HALF_A_PAIR])


def _mend_values(document: bytes) -> Mended | None:
    fields = _read(_members, document)
    if fields is None:
        return mend_surrogates(document)
    repairs = _mend_each(fields, _REPAIRERS)
    context = fields.get("context")
    inner = None if context is None else _read(_members, context)
    if inner is not None:
        found = _mend_each(inner, _CONTEXT_REPAIRERS)
        if found:
            fields["context"] = Raw(_encode(inner))
            repairs += found
    return Mended(_encode(fields), repairs) if repairs else None


def _mend_each(fields: dict[str, Raw], repairers: dict[str, _Repairer]) -> list[Repair]:
    repairs: list[Repair] = []
    for name, repairer in repairers.items():
        value = fields.get(name)
        found = None if value is None else repairer(value)
        if found is not None:
            fields[name], rule = found
            repairs.append((name, rule))
    return repairs


def _cutting(limit: int) -> _Repairer:
    def repair(value: Raw) -> tuple[Raw, str] | None:
        text = _read(_text, value)
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
    zone = _read(_text, value)
    return None if zone is None or zone in TIME_ZONES else (_NOTHING, UNKNOWN)


def _read(decoder: msgspec.json.Decoder[_Value], value: bytes | Raw) -> _Value | None:
    """The value, if it is of the decoder's type."""
    try:
        return decoder.decode(value)
    except _UNREADABLE:
        return None


def _place(error: Exception) -> str:
    """Where the decoder found what it refused."""
    return str(error).rpartition(" - at `$.")[2].removesuffix("`")


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
