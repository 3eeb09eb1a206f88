"""What the OpenAPI document promises for a body, worked out from its schemas and from the rules that it says in words.

Nothing here is the service's own code but the document: two ways to the same verdict.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import jsonschema  # type: ignore[import-untyped]

DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)([Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.IGNORECASE)
_MAX_PROPERTIES_BYTES: Final = 16_384
_MAX_PROPERTIES_DEPTH: Final = 32
_MAX_EVENT_BYTES: Final = 65_536

_FRACTIONS: Final = (
    *("rating_min", "rating_max", "dwell_ms", "active_ms", "position_ms", "duration_ms", "watched_ms"),
    *("x", "y", "screen_width", "screen_height"),
)
"""What else is a number is an integer, and an integer is written as one: to JSON Schema, 1.0 is an integer, too."""

_formats: Final = jsonschema.FormatChecker(formats=())


class Verdict(NamedTuple):
    """The status of an answer, and the paths that it must name, by the place of the event.

    Where the schema alone finds fault, that is the path of the event, and an answer may name anything below it.
    """

    status: int
    paths: dict[int, str]


def moment_ms(value: object) -> int | None:
    """A time as the document has them, in epoch milliseconds; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return (datetime.fromisoformat(value.upper()) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError:
        return None


@_formats.checks("date-time")  # type: ignore[untyped-decorator]
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or moment_ms(value) is not None


@_formats.checks("uuid")  # type: ignore[untyped-decorator]
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


class Documented:
    """The verdicts of one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        event = document["components"]["schemas"]["Event"]
        # By the discriminator, as the document says: trying all types in turn takes most of a run's time.
        self._by_type = {
            tag: self._validator(document, {"$ref": reference})
            for tag, reference in event["discriminator"]["mapping"].items()
        }
        around = {**document["components"]["schemas"]["Batch"]}
        around["properties"] = {**around["properties"], "events": {**around["properties"]["events"], "items": {}}}
        self._around = self._validator(document, around)

    @staticmethod
    def _validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
        whole = {"components": document["components"], **schema}
        return jsonschema.Draft202012Validator(whole, format_checker=_formats)

    @staticmethod
    def read(body: bytes) -> Any:
        """The body as JSON. Raises `ValueError`."""
        return json.loads(body, parse_constant=_no_constant)

    def of_event(self, body: bytes, now: int) -> Verdict:
        """What a single event is answered."""
        try:
            event = self.read(body)
        except ValueError:
            return Verdict(400, {0: "$"})
        path = self._wrong(event, None, now)
        if path is None:
            return Verdict(202, {})
        return Verdict(413 if len(body) > _MAX_EVENT_BYTES else 400, {0: path})

    def of_batch(self, body: bytes, now: int) -> Verdict:
        """What a batch is answered: 207 with exactly the bad events, unless it is wholly good or bad."""
        try:
            batch = self.read(body)
        except ValueError:
            return Verdict(400, {})
        if not self._around.is_valid(batch) or isinstance(batch.get("sent_at"), float):
            return Verdict(400, {})
        sent_at = moment_ms(batch.get("sent_at"))
        found = ((place, self._wrong(event, sent_at, now)) for place, event in enumerate(batch["events"]))
        bad = {place: f"$.events[{place}]{path[1:]}" for place, path in found if path is not None}
        if not bad:
            return Verdict(202, {})
        return Verdict(400 if len(bad) == len(batch["events"]) else 207, bad)

    def _wrong(self, event: Any, sent_at: int | None, now: int) -> str | None:
        tag = event.get("event_type") if isinstance(event, dict) else None
        by_type = self._by_type.get(tag) if isinstance(tag, str) else None
        if by_type is None or not by_type.is_valid(event):
            return "$"
        return beyond_the_schema(event, sent_at, now)


def beyond_the_schema(event: dict[str, Any], sent_at: int | None, now: int) -> str | None:
    """The path of the first field that breaks a rule which the document says in words."""
    for where, fields in (("$", event), ("$.context", event.get("context") or {})):
        for name, value in fields.items():
            if isinstance(value, float) and name not in _FRACTIONS:
                return f"{where}.{name}"
    for low, high in (("rating_min", "rating_max"), ("year_from", "year_to")):
        if _crossed(event, low, high):
            return f"$.{low}"
    if not _modest(event.get("properties", {})):
        return "$.properties"
    occurred_at = moment_ms(event.get("occurred_at"))
    if occurred_at is not None:
        is_corrected = sent_at is not None and abs(now - sent_at) >= 5 * 60_000
        age = (sent_at if is_corrected and sent_at is not None else now) - occurred_at
        if not -DAY_MS <= age <= 30 * DAY_MS:
            return "$.occurred_at"
    return None


def follow_the_words(body: Any, now: int) -> Any:
    """What fits the schemas, changed as little as it takes to follow the words as well."""
    if not isinstance(body, dict):
        return body
    if "events" not in body:
        return _settled(body, now)
    settled = _without_fractions(body)
    if "sent_at" in body:
        settled["sent_at"] = _since_1976(settled["sent_at"])
    sent_at = moment_ms(settled.get("sent_at"))
    settled["events"] = [_settled(event, now if sent_at is None else sent_at) for event in body["events"]]
    return settled


def _settled(event: dict[str, Any], around: int) -> dict[str, Any]:
    settled = _without_fractions(event)
    if settled.get("context"):
        settled["context"] = _without_fractions(settled["context"])
    for low, high in (("rating_min", "rating_max"), ("year_from", "year_to")):
        if _crossed(settled, low, high):
            settled[low], settled[high] = settled[high], settled[low]
    if "properties" in settled:
        settled["properties"] = {
            key: value
            for key, value in settled["properties"].items()
            if _modest({key: value}, _MAX_PROPERTIES_BYTES // 64)
        }
    occurred_at = settled.get("occurred_at")
    if occurred_at is not None:
        settled["occurred_at"] = _within_a_month(occurred_at, around)
    return settled


def _without_fractions(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: int(value) if isinstance(value, float) and name not in _FRACTIONS else value
        for name, value in fields.items()
    }


def _within_a_month(moment: int | str, around: int) -> int | str:
    """Between now and 29 days ago; of a text only the date is another."""
    if isinstance(moment, int):
        return around - moment % (29 * DAY_MS)
    match = _MOMENT.fullmatch(moment)
    assert match, f"the document allows no such time: {moment}"
    day = _EPOCH + timedelta(milliseconds=around - (2 + int(match[3]) % 25) * DAY_MS)
    return f"{day:%Y-%m-%d}{match[4]}"


def _since_1976(moment: int | str | None) -> int | str | None:
    """A leap year, so that each date of another year exists in it; milliseconds of a month before are no seconds."""
    if isinstance(moment, int):
        return max(moment, 189_302_400_000)
    return moment and f"{max(int(moment[:4]), 1976):04}{moment[4:]}"


def _crossed(event: dict[str, Any], low: str, high: str) -> bool:
    least, most = event.get(low), event.get(high)
    return least is not None and most is not None and least > most


def _modest(properties: dict[str, Any], most: int = _MAX_PROPERTIES_BYTES) -> bool:
    size = len(json.dumps(properties, separators=(",", ":"), ensure_ascii=False).encode())
    return size <= most and _fits(properties, _MAX_PROPERTIES_DEPTH)


def _fits(value: Any, levels: int) -> bool:
    if levels == 0:
        return False
    if isinstance(value, dict | list):
        return all(_fits(each, levels - 1) for each in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def _no_constant(name: str) -> None:
    raise ValueError(name)
