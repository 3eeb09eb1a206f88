"""What a browser, a player or an address bar decides, and not the page's own code: such values are repaired.

Only an event that strict decoding refused comes here, so that good events pay nothing. What is left wrong is refused.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from api.pipeline.time_zones import TIME_ZONES

Repair = tuple[str, str]
"""Field and rule: the labels of the counter, both from the closed lists below."""

DAY_MS: Final = 86_400_000
MAX_PIXELS: Final = 1_000_000
CUT: Final = "cut"
ROUNDED: Final = "rounded"
UNKNOWN: Final = "unknown"
SURROGATE: Final = "surrogate"

TEXT_LIMITS: Final = {"page_url": 2048, "referrer": 2048, "label": 256, "title": 512, "query": 512}
DURATIONS: Final = ("dwell_ms", "active_ms", "position_ms", "duration_ms", "watched_ms")
PIXELS: Final = ("x", "y")
SCREEN: Final = ("screen_width", "screen_height")
UNKNOWN_ZONE: Final[Repair] = ("timezone", UNKNOWN)
HALF_A_PAIR: Final[Repair] = ("text", SURROGATE)

# A pair, half of one, or any other escape, so that an escaped backslash before a `u` is not taken for one.
_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_MAX_ESCAPES: Final = 20_000
"""More would cost more to look at than a good body costs."""


def mend_surrogates(document: bytes) -> bytes | None:
    """The text with U+FFFD for each half of a surrogate pair; None where there is none, or too much to look at."""
    if not 0 < document.count(b"\\") <= _MAX_ESCAPES:
        return None
    mended = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], document)
    return None if mended == document else mended


def mend(document: bytes) -> tuple[bytes, list[Repair]] | None:
    """The event with what can be repaired repaired; None where there is nothing of that kind."""
    try:
        event = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    repairs: list[Repair] = []
    for name, limit in TEXT_LIMITS.items():
        text = event.get(name)
        if isinstance(text, str) and len(text) > limit:
            event[name] = text[:limit]
            repairs.append((name, CUT))
    for name in DURATIONS:
        _round(event, name, 0, DAY_MS, repairs)
    for name in PIXELS:
        _round(event, name, -MAX_PIXELS, MAX_PIXELS, repairs)
    dwell = event.get("dwell_ms")
    if dwell is not None and _is_number(dwell) and dwell > DAY_MS:
        event["dwell_ms"] = DAY_MS
        repairs.append(("dwell_ms", CUT))
    context = event.get("context")
    if isinstance(context, dict):
        _mend_context(context, repairs)
    return (msgspec.json.encode(event), repairs) if repairs else None


def _mend_context(context: dict[str, Any], repairs: list[Repair]) -> None:
    for name in SCREEN:
        _round(context, name, 0, 65_535, repairs)
        if _is_number(context.get(name)) and context[name] == 0:
            context[name] = None
            repairs.append((name, UNKNOWN))
    zone = context.get("timezone")
    if isinstance(zone, str) and zone not in TIME_ZONES:
        context["timezone"] = None
        repairs.append(UNKNOWN_ZONE)


def _round(fields: dict[str, Any], name: str, least: int, most: int, repairs: list[Repair]) -> None:
    value = fields.get(name)
    if isinstance(value, float) and least <= value <= most:
        fields[name] = round(value)
        repairs.append((name, ROUNDED))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
