"""Events at a steady rate, and the longest time in which none came in, while a test changes something.

UGC_TEST_EVENTS_PER_SECOND sets the rate; 2,000 unless told otherwise.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Self

from clickhouse.connection.client import connected
from tests.integration.clickhouse.conftest import Kafka, count, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

RATE = int(os.environ.get("UGC_TEST_EVENTS_PER_SECOND", "2000"))
MESSAGES_PER_SECOND = 20


def click_or_rating(n: int) -> dict[str, Any]:
    """What the event of this number has of its own: two clicks, then one of a type that may have no table."""
    kind = "click" if n % 3 else "film_rating"
    return {"event_type": kind, "payload": {"element": "movie", "label": "loud", "detail": "x"}}


class Load:
    """Events in a thread of their own, many to a message, as a batch request makes them."""

    def __init__(self, kafka: Kafka, own: Callable[[int], dict[str, Any]] = click_or_rating) -> None:
        self._kafka = kafka
        self._own = own
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.session = str(uuid.uuid4())
        self.sent = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._kafka.send(b"\n".join(self._line() for _ in range(RATE // MESSAGES_PER_SECOND)))
            due += 1 / MESSAGES_PER_SECOND
            self._stop.wait(max(0.0, due - time.monotonic()))

    def _line(self) -> bytes:
        now = int(time.time() * 1000)
        self.sent += 1
        event = {
            "event_id": str(uuid.uuid4()),
            "user_id": f"u{self.sent % 50}",
            "session_id": self.session,
            "occurred_at": now,
            "received_at": now,
            "key_time": now,
            **self._own(self.sent),
        }
        return json.dumps(event).encode()


class Gaps:
    """The longest time for which no event came in, watched from outside as a dashboard would."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.longest_s = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with connected(self._settings) as client:
            seen, since = -1, time.monotonic()
            while not self._stop.wait(0.05):
                landed = count(client, "ugc.events")
                if landed != seen:
                    seen, since = landed, time.monotonic()
                self.longest_s = max(self.longest_s, time.monotonic() - since)


def flows(client: Client, load: Load, seconds: float = 1.0) -> None:
    """Wait until what is sent from now on for a while has landed."""
    wanted = load.sent + int(RATE * seconds)
    wait_until(lambda: count(client, "ugc.events", f"session_id = '{load.session}'") >= wanted, "the flow")
