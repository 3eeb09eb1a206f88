"""The bodies that were found to be the most work for the service: each is nearly a mebibyte, and packed a few KB."""

from __future__ import annotations

from typing import Final

from api.pipeline.limits import MAX_BODY_BYTES, MAX_EVENT_BYTES

_SMALL: Final = 2095
"""500 of these are a whole body."""
_CLICK: Final = '{"event_type":"click","user_id":"u1","element":"movie"'
_CUSTOM: Final = '{"event_type":"custom","user_id":"u1","name":"n"'


def _filled(begin: str, unit: str, end: str, size: int = MAX_BODY_BYTES) -> str:
    return begin + ",".join([unit] * ((size - len(begin) - len(end)) // (len(unit) + 1))) + end


def _batch(begin: str, unit: str, end: str, size: int = MAX_EVENT_BYTES) -> str:
    """As many events of this kind and size as a body holds."""
    event = _filled(begin, unit, end, size - 1)
    return '{"events":[' + ",".join([event] * (MAX_BODY_BYTES // (size + 1))) + "]}"


ORDINARY: Final = _batch(_CLICK + ',"page_url":"', "a/", '"}', _SMALL).encode()
"""What nobody minds: 500 events with long addresses."""

REFUSED: Final = {
    name: text.encode()
    for name, text in {
        "lists in an id": _filled('{"events":[{"event_id":[', "[]", "]}]}"),
        "lists in a type": _filled('{"events":[{"event_type":[', "[]", "]}]}"),
        "lists in the ids of large events": _batch('{"event_type":"click","event_id":[', "[]", "]}"),
        "lists in the ids of 500 events": _batch('{"event_type":"click","event_id":[', "[]", "]}", _SMALL),
        "an unknown field in 500 events": _batch('{"event_type":"click","zzz":[', "[]", "]}", _SMALL),
        "lists in a time": _filled('{"sent_at":[', "[]", '],"events":[]}'),
        "a list on top": _filled("[", "[]", "]"),
        "a list without an end": _filled("[", "[]", ""),
        "too many events": _filled('{"events":[', "[]", "]}"),
        "too many numbers": _filled('{"events":[', "0", "]}"),
        "too many keys": "{" + ",".join(f'"{number:x}":0' for number in range(95_000)) + "}",
        "too many genres": _batch('{"event_type":"search_filter","user_id":"u1","genres":[', '"a"', "]}"),
        "numbers for genres": _batch('{"event_type":"search_filter","user_id":"u1","genres":[', "0", "]}"),
        "half of a surrogate pair": _filled('{"events":[', "[]", ',"\\ud800"]}'),
        "a key twice, far out": _batch(_CLICK + ',"referrer" :"', "a/", '"}', _SMALL)[:-1] + ',"events":[]}',
        "depth": '{"events":[' + "[" * (MAX_BODY_BYTES - 20),
    }.items()
}

CUSTOM: Final = {
    name: text.encode()
    for name, text in {
        "small lists": _batch(_CUSTOM + ',"properties":{"a":[', "[]", "]}}", 16_300),
        "small objects": _batch(_CUSTOM + ',"properties":{"a":[', "{}", "]}}", 16_300),
        "small objects with keys and spaces": _batch(_CUSTOM + ',"properties" :{"a":[', '{"":0 }', "]}}", 16_300),
        "500 with spaces": _batch(_CUSTOM + ',"properties" :{"a":[', "{}", "]}}", _SMALL),
    }.items()
}
"""Accepted, and as much work as can be."""

REFUSED_CUSTOM: Final = {
    name: text.encode()
    for name, text in {
        "too large": _batch(_CUSTOM + ',"properties":{"a":[', "[]", "]}}"),
        "without a name": _batch('{"event_type":"custom","user_id":"u1","properties":{"a":[', "{}", "]}}", _SMALL),
        "integers of thousands of digits": _batch(_CUSTOM + ',"properties":{"a":[', "9" * 4000, "]}}", 16_300),
    }.items()
}

_LEAVE: Final = (
    '{"event_type":"page_leave","user_id":"u1","view_id":"0190a6a0-5c52-4000-8000-000000000001","page_type":"other"'
)
_FRACTION: Final = _LEAVE + ',"dwell_ms":1.5'
_ALL_WRONG: Final = (
    _FRACTION + ',"active_ms":1e300,"scroll_percent":1.5,'
    '"context":{"screen_width":0,"screen_height":0.5,"timezone":"Mars/Base"}'
)

REPAIRED: Final = {
    name: text.encode()
    for name, text in {
        "a fraction": _batch(_FRACTION + ',"page_url":"', "a/", '"}', _SMALL),
        "all at once": _batch(_ALL_WRONG + ',"referrer":"', "a/", '"}', _SMALL),
        "a value beyond repair beside it": _batch(_FRACTION + ',"scroll_percent":101,"page_url":"', "a/", '"}', _SMALL),
        "an unknown field beside it": _batch(_FRACTION + ',"zzz":[', "[]", "]}", _SMALL),
        "a key twice beside it": _batch(_FRACTION + ",", '"active_ms":1', "}", _SMALL),
        "lists in a context beside it": _batch(_CLICK + ',"context":{"timezone":"x","locale":[', "[]", "]}}"),
        "long addresses": _batch(_CLICK + ',"page_url":"', "a/", '"}'),
        "long addresses of escapes": _batch(_CLICK + ',"page_url":"', r"\n", '"}'),
        "long zones": _batch(_CLICK + ',"context":{"timezone":"', "a/", '"}}'),
        "halves of pairs and escapes": _batch(_CLICK + r',"page_url":"\ud83d', r"\u0041", '"}', _SMALL),
        "halves of pairs and backslashes": _batch(_CLICK + r',"page_url":"\ud83d', r"\\" * 100, '"}', _SMALL),
        "many halves of pairs": _batch(_CLICK + ',"page_url":"', r"\ud83d" + "a" * 500, '"}', _SMALL),
        "too many halves of pairs": _batch(_CLICK + ',"page_url":"', r"\ud83d", '"}', _SMALL),
        "another way of writing": _batch('{"user_id":"u1","eventType":[', "[]", "]}", _SMALL),
    }.items()
}
"""Repaired, or refused for something else than what could be repaired."""

ALL: Final = {"ordinary": ORDINARY, **REFUSED, **CUSTOM, **REFUSED_CUSTOM, **REPAIRED}
