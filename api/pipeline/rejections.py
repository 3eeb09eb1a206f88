"""Why an event or a request is refused: a closed list of reasons, and the exception that carries one."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Every way in which input can be wrong. The list is closed: the counter of rejections has exactly these labels."""

    MALFORMED_JSON = "malformed_json"
    INVALID_VALUE = "invalid_value"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    NO_IDENTITY = "no_identity"
    CONTRADICTION = "contradiction"
    BAD_TIME = "bad_time"
    TOO_OLD = "too_old"
    TOO_FAR_AHEAD = "too_far_ahead"
    EVENT_TOO_LARGE = "event_too_large"
    BAD_PROPERTIES = "bad_properties"
    DUPLICATE_KEY = "duplicate_key"
    JUNK_IDENTITY = "junk_identity"
    DAMAGED_BODY = "damaged_body"
    # Whole requests, whatever they contain.
    INCOMPLETE_BODY = "incomplete_body"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_BODY = "unsupported_body"
    SLOW_BODY = "slow_body"
    WRITE_KEY = "write_key"
    ORIGIN = "origin"
    RATE_LIMIT = "rate_limit"
    QUEUE_FULL = "queue_full"
    BROKER_UNAVAILABLE = "broker_unavailable"
    INTERNAL = "internal"


class RejectionError(Exception):
    """An event, or a whole body, that breaks a rule of the contract.

    `path` is a JSON path from the root of the request (`$.events[3].movie_id`); `detail` says what was expected and,
    where it is known, what was found. Both go back to the sender; neither is ever logged.
    """

    def __init__(self, reason: Reason, path: str, detail: str) -> None:
        super().__init__(reason, path, detail)
        self.reason = reason
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.path}: {self.detail}"

    def below(self, prefix: str) -> RejectionError:
        """The same verdict, for a document that has this event at `prefix` (such as `$.events[3]`)."""
        return type(self)(self.reason, prefix + self.path.removeprefix("$"), self.detail)


class EventTooLargeError(RejectionError):
    """An event over its limit."""
