"""What was done: one deed is one event, before its browser tells of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random


class Phase(Enum):
    """When a row comes to ClickHouse, which is another thing than when it was received."""

    HISTORY = "history"
    """Long ago, and counted since."""
    RECENT = "recent"
    """Just now."""
    LATE = "late"
    """Later, and for days that were counted."""
    REFUSED = "refused"
    """Into the table of errors, from where it is replayed."""


@dataclass(frozen=True)
class Browser:
    """One browser on one device. Its clock may be wrong; `dates_requests` is whether it tells when it sends."""

    anonymous_id: str
    user_agent: str = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    is_bot: bool = False
    ip: str = "203.0.113.0"
    context: dict[str, Any] = field(default_factory=dict)
    skew_ms: int = 0
    dates_requests: bool = True


@dataclass(frozen=True)
class Delivery:
    """One request that carries a deed; `sent_at` is on our clock, and a browser that repeats its bytes keeps it."""

    received_at: int
    sent_at: int
    phase: Phase | None = None


@dataclass(frozen=True)
class Deed:
    """One event. Without `deliveries` chance says how it comes to the API."""

    at: int
    browser: Browser
    event_type: str
    payload: dict[str, Any]
    event_id: str
    user_id: str | None = None
    names_browser: bool = True
    session_id: str | None = None
    page_url: str | None = None
    referrer: str | None = None
    tells_time: bool = True
    deliveries: tuple[Delivery, ...] = ()


class Diary:
    """Collects deeds, and gives each its id."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.deeds: list[Deed] = []

    def write(
        self,
        at: int,
        browser: Browser,
        event_type: str,
        payload: dict[str, Any],
        *,
        user: str | None = None,
        **more: Any,
    ) -> Deed:
        """Note a deed; `more` is whatever else a `Deed` has."""
        more.setdefault("event_id", self.new_id(at + browser.skew_ms))
        deed = Deed(at=at, browser=browser, event_type=event_type, payload=payload, user_id=user, **more)
        self.deeds.append(deed)
        return deed

    def new_id(self, at: int) -> str:
        """A UUID as a client makes it: of version 7 with the client's time in it, or of version 4."""
        if self.chance.random() < 0.5:
            number = (at & (1 << 48) - 1) << 80 | 7 << 76 | self.chance.getrandbits(12) << 64
            return str(uuid.UUID(int=number | 2 << 62 | self.chance.getrandbits(62)))
        return self.random_id()

    def random_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
