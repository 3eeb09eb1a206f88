"""Requests as browsers post them: the body's bytes, and what the server sees besides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.oracle.lives.times import as_datetime

if TYPE_CHECKING:
    from tests.oracle.lives.deeds import Browser, Deed, Phase


@dataclass(frozen=True)
class Post:
    """One request. `sent_at` is by the browser's clock; without it a single event is posted by itself."""

    received_at: int
    sent_at: int | None
    browser: Browser
    deeds: tuple[Deed, ...]
    phase: Phase

    @property
    def path(self) -> str:
        return "/api/v1/events" if self._is_single else "/api/v1/events/batch"

    @property
    def _is_single(self) -> bool:
        return self.sent_at is None and len(self.deeds) == 1

    def events(self) -> list[dict[str, Any]]:
        """The events as they are posted, whose bytes are the same in every repetition."""
        return [_event(deed) for deed in self.deeds]

    def body(self) -> bytes:
        events = self.events()
        if self._is_single:
            return _json(events[0])
        dated = {} if self.sent_at is None else {"sent_at": self.sent_at}
        return _json({**dated, "events": events})

    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", "User-Agent": self.browser.user_agent}


def _event(deed: Deed) -> dict[str, Any]:
    browser = deed.browser
    fields = {
        "event_type": deed.event_type,
        "event_id": deed.event_id,
        "user_id": deed.user_id,
        "anonymous_id": browser.anonymous_id if deed.names_browser else None,
        "session_id": deed.session_id,
        "occurred_at": _told(deed.at + browser.skew_ms, deed.event_id) if deed.tells_time else None,
        "page_url": deed.page_url,
        "referrer": deed.referrer,
        "context": browser.context or None,
        **deed.payload,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _told(ms: int, event_id: str) -> int | str:
    """A time in one of the forms that clients use; which one, and in which zone, follows from the id."""
    digit = int(event_id[-1], 16)
    if digit < 8:
        return ms
    moment: datetime = as_datetime(ms).astimezone(timezone(timedelta(minutes=(digit - 12) * 90)))
    return moment.isoformat(timespec="milliseconds")


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
