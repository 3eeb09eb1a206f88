"""A few events of four days for the dictionary's answers and tests of views: people, a bot, repetitions, a late one.

They are written for the days from Monday, 2 March 2026 on. Old rows are deleted by their TTL, so the events are moved
to the latest four days with the same place in their week and month, and answers are moved back.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from common.names import LANDING

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EVENTS = Path(__file__).with_name("example_events.jsonl")
MONDAY = dt.date(2026, 3, 2)
_DAYS = 4
_DATE = re.compile(r"(?<!\d)20\d\d-\d\d-\d\d(?!\d)")


class Calendar(msgspec.Struct, frozen=True):
    """Moves dates between the written days and the days that the events have in a database."""

    monday: dt.date

    @classmethod
    def until(cls, today: dt.date) -> Calendar:
        """The latest Monday whose four days are over and in one month, and which is not the first of a month."""
        monday = today - dt.timedelta(days=today.weekday())
        last = dt.timedelta(days=_DAYS - 1)
        while monday + last >= today or monday.day == 1 or (monday + last).month != monday.month:
            monday -= dt.timedelta(weeks=1)
        return cls(monday)

    def moved(self, text: str) -> str:
        """Written dates in a text as they are in the database."""
        return self._mapped(text, MONDAY, self.monday)

    def moved_back(self, text: str) -> str:
        """Dates of the database as they are written."""
        return self._mapped(text, self.monday, MONDAY)

    def _mapped(self, text: str, here: dt.date, there: dt.date) -> str:
        def replace(match: re.Match[str]) -> str:
            found = dt.date.fromisoformat(match[0])
            if found == here.replace(day=1):
                return str(there.replace(day=1))
            return str(found - here + there)

        return _DATE.sub(replace, text)


def insert(client: Client, calendar: Calendar) -> None:
    """Write them into the landing table; repetitions in an insert of their own, as they come."""
    first: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    seen: set[int] = set()
    for line in calendar.moved(EVENTS.read_text(encoding="utf-8")).splitlines():
        event = msgspec.json.decode(line)
        (again if event["n"] in seen or "received" in event else first).append(_row(event))
        seen.add(event["n"])
    for block in (first, again):
        lines = b"\n".join(msgspec.json.encode(row) for row in block)
        client.raw_insert(LANDING, insert_block=lines, fmt="JSONEachRow")


def _row(event: dict[str, Any]) -> dict[str, Any]:
    at = _as_text(event["at"])
    received_at = _as_text(event.get("received", event["at"]), milliseconds=200)
    who: dict[str, Any] = {
        name: event[name] for name in ("user_id", "anonymous_id", "page_url", "is_bot") if name in event
    }
    return {
        "event_id": str(uuid.UUID(int=event["n"])),
        "event_type": event["type"],
        "key_time": _as_text(event.get("key", event["at"])),
        "occurred_at": at,
        "received_at": received_at,
        "identity": event.get("user_id", event.get("anonymous_id")),
        "session_id": "s1",
        "payload": msgspec.json.encode(event["payload"]).decode(),
        **who,
    }


def _as_text(time: str, milliseconds: int = 0) -> str:
    moment = dt.datetime.fromisoformat(time).astimezone(dt.UTC) + dt.timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
