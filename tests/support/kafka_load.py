"""Requests at a steady rate, each sent once, with what became of every single one; and the oracle of delivery."""

from __future__ import annotations

import asyncio
import errno
import threading
import time
import uuid
from typing import TYPE_CHECKING, NamedTuple, Self

import aiohttp
import urllib3

from tests.support.stack import eventually

if TYPE_CHECKING:
    from types import TracebackType

    from tests.support.stack import Stack

ANSWER_TIMEOUT_S = 30.0
ARRIVAL_S = 60.0


class Answer(NamedTuple):
    """What became of one event. `at` and `took_s` in seconds; `status` is None when no answer came, for `failure`."""

    event_id: str
    at: float
    took_s: float
    status: int | None
    failure: str


class Load:
    """Single events of one person, `rate` requests a second whatever the answers, while the block lasts."""

    def __init__(self, url: str, *, rate: float, keep_connections: bool = True) -> None:
        """Without kept connections every request has its own, and so any of the workers."""
        self.person = f"load-{uuid.uuid4()}"
        self.sent: set[str] = set()
        self.answers: list[Answer] = []
        self._url = f"{url}/api/v1/events"
        self._rate = rate
        self._keep_connections = keep_connections
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @staticmethod
    def go_on(seconds: float) -> None:
        """Let it run for so long."""
        threading.Event().wait(seconds)

    def wait_for(self, count: int, *, since: float = 0.0, within_s: float = 30.0) -> None:
        """Return when so many events that were sent after `since` (of time.monotonic) are acknowledged."""
        eventually(lambda: len(self.acknowledged(since)) >= count, within_s=within_s)

    def acknowledged(self, since: float = 0.0) -> set[str]:
        return {answer.event_id for answer in list(self.answers) if answer.status == 202 and answer.at >= since}

    def outcomes(self, since: float = 0.0, until: float = float("inf")) -> dict[str, int]:
        """Count answers by status, and requests without one by what the client saw, of those sent in this time."""
        counts: dict[str, int] = {}
        for answer in list(self.answers):
            if since <= answer.at < until:
                name = str(answer.status or answer.failure)
                counts[name] = counts.get(name, 0) + 1
        return counts

    async def _run(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, force_close=not self._keep_connections)
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            under_way: set[asyncio.Task[None]] = set()
            due = time.monotonic()
            while not self._stop.is_set():
                task = asyncio.create_task(self._post(session))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                due += 1 / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*under_way)

    async def _post(self, session: aiohttp.ClientSession) -> None:
        event_id = str(uuid.uuid4())
        event = {"event_type": "custom", "event_id": event_id, "user_id": self.person, "name": "load"}
        self.sent.add(event_id)
        at, status, failure = time.monotonic(), None, ""
        try:
            async with session.post(self._url, json=event) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _failure(error)
        self.answers.append(Answer(event_id, at, time.monotonic() - at, status, failure))


def _failure(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "refused"
    return type(error).__name__


def rows_of(stack: Stack, load: Load, view: str) -> list[str]:
    """Return the ids that a reader shows of this load, each as often as it is shown; [] while ClickHouse is away."""
    sql = f"SELECT event_id FROM analytics.{view} WHERE user_id = {{person:String}}"
    try:
        return [row["event_id"] for row in stack.query(sql, person=load.person)]
    except urllib3.exceptions.HTTPError:
        return []


def assert_all_is_there_once(stack: Stack, load: Load) -> None:
    """Every acknowledged event is shown, none twice, and none that was never sent. Waits for what is on its way."""
    acknowledged = load.acknowledged()
    assert acknowledged
    for view in ("events", "custom_events"):
        eventually(
            lambda view=view: not acknowledged - set(rows_of(stack, load, view)),  # type: ignore[misc]
            within_s=ARRIVAL_S,
            interval_s=0.3,
        )
        shown = rows_of(stack, load, view)
        assert len(shown) == len(set(shown))
        assert not set(shown) - load.sent
