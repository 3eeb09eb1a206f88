"""The body of every error: RFC 9457 `application/problem+json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.pipeline.rejections import Reason

MEDIA_PROBLEM: Final = "application/problem+json"


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where."""

    path: str
    detail: str


class RejectedEvent(msgspec.Struct, frozen=True):
    """One event of a batch that was not taken. `event_id` is the sender's, where it could be read."""

    index: int
    event_id: str | None
    error: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    rejected: list[RejectedEvent] = []


class NothingAcceptedError(Exception):
    """A batch without a single valid event."""

    def __init__(self, rejected: list[RejectedEvent], reasons: Mapping[Reason, int]) -> None:
        super().__init__(len(rejected))
        self.rejected = rejected
        self.reasons = reasons
