"""`doctor`: one event posted through the API and followed to where an analyst sees it.

Each stage is timed; at the first that the event does not reach, the likely cause is looked for and named, with the
command that comes next.
"""

from __future__ import annotations

import time
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import urllib3
from msgspec import Struct

from clickhouse.connection.client import connect, execute, rows
from clickhouse.connection.errors import OperationError
from clickhouse.doctor import causes
from common.names import ANALYTICS, DATABASE, LANDING
from common.topic import KafkaUnavailableError, Topic
from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

IDENTITY = "ugc-doctor"
STAGES = ("API", "broker", "ClickHouse", "consumer", "landing", "typed", "view")
_TYPED, _VIEW = f"{DATABASE}.custom_events", f"{ANALYTICS}.custom_events"
_PROBE_INTERVAL_S = 0.02
_ACCEPTED = 202
# By the sorting key, in its own words, and the index of occurred_at: each look would read every row otherwise
_ROWS = """
SELECT count() AS n
FROM {table}
WHERE cityHash64(identity) = cityHash64({{identity:String}})
    AND event_id = {{id:UUID}}
    AND occurred_at > now() - INTERVAL 1 DAY
"""


class Stage(Struct, frozen=True):
    """`milliseconds` from the beginning of the request until it got there; None when it did not."""

    name: str
    milliseconds: int | None
    note: str


class Report(Struct, frozen=True):
    """`stopped` names the first stage that was not reached, '' when all were."""

    stages: list[Stage]
    stopped: str = ""
    cause: str = ""
    next_command: str = ""


class StoppedError(Exception):
    """The canary did not reach a stage."""

    def __init__(self, cause: causes.Cause, stage: str = "") -> None:
        super().__init__(cause.what)
        self.cause = cause
        self.stage = stage


class Examination:
    """One run. `within_s` is how long each stage may take, `write_key` what the API asks for, if it does."""

    def __init__(self, settings: Settings, *, api: str, within_s: float, write_key: str | None = None) -> None:
        self._settings = settings
        self._api = api.rstrip("/")
        self._within_s = within_s
        self._headers = {"X-Write-Key": write_key} if write_key else {}
        self._id = str(uuid4())
        self._ends: dict[int, int] = {}
        self._due: dict[int, int] = {}
        self._client: Client | None = None
        self._began = time.monotonic()

    def run(self, *, keep: bool = False) -> Report:
        """Follow one canary; it is taken out of the tables afterwards, unless `keep`."""
        steps: dict[str, Callable[[], str]] = {
            "API": self._post,
            "broker": self._broker,
            "ClickHouse": self._connect,
            "consumer": self._consumer,
            "landing": lambda: self._row(LANDING, causes.of_landing),
            "typed": lambda: self._row(_TYPED, causes.of_typed),
            "view": lambda: self._row(_VIEW, causes.of_view),
        }
        stages: list[Stage] = []
        try:
            for name, step in steps.items():
                stages.append(self._passed(name, step))
        except StoppedError as stop:
            name = stop.stage or list(steps)[len(stages)]
            stages.append(Stage(name, None, stop.cause.what))
            return Report(stages, name, stop.cause.what, stop.cause.next_command)
        finally:
            self._close(keep=keep)
        return Report(stages)

    @cached_property
    def _topic(self) -> Topic:
        return Topic(self._settings.brokers, self._settings.security)

    def _passed(self, name: str, step: Callable[[], str]) -> Stage:
        note = step()
        return Stage(name, round((time.monotonic() - self._began) * 1000), note)

    def _post(self) -> str:
        try:
            self._ends = self._topic.ends()
        except KafkaUnavailableError:
            self._ends = {}  # the API is asked first; the broker is its next stage
        self._began = time.monotonic()
        event = {"event_type": "custom", "event_id": self._id, "anonymous_id": IDENTITY, "name": "ugc.doctor"}
        try:
            answer = urllib3.request(
                "POST",
                f"{self._api}/api/v1/events",
                json=event,
                headers=self._headers,
                timeout=urllib3.Timeout(self._within_s),
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise StoppedError(causes.of_silent_api(self._api, error)) from error
        if answer.status != _ACCEPTED:
            cause = causes.of_refusal(self._settings, answer.status, answer.data.decode(errors="replace"))
            raise StoppedError(cause, "broker" if cause.is_broker else "API")
        return f"answered {answer.status}"

    def _broker(self) -> str:
        def grown() -> str:
            ends = self._topic.ends()
            moved = {part: end for part, end in ends.items() if end > self._ends.get(part, 0)}
            self._due = moved
            return ", ".join(f"partition {part} ends at {end}" for part, end in moved.items())

        return self._eventually(grown, lambda: causes.of_broker(self._settings))

    def _connect(self) -> str:
        try:
            self._client = connect(self._settings)
        except OperationError as error:
            raise StoppedError(causes.of_silent_clickhouse(error)) from error
        return self._settings.shown_url

    def _consumer(self) -> str:
        def caught_up() -> str:
            # where the topic ended when the event was in it: what came later may still be on its way
            return "" if self._topic.unread(self._due) else "has read it"

        return self._eventually(caught_up, lambda: causes.of_consumer(self._connected(), self._settings))

    def _row(self, table: str, cause: Callable[[Client, str], causes.Cause]) -> str:
        def there() -> str:
            return table if self._count(table) else ""

        return self._eventually(there, lambda: cause(self._connected(), self._id))

    def _count(self, table: str) -> int:
        (row,) = rows(self._connected(), _ROWS.format(table=table), identity=IDENTITY, id=self._id)
        return int(row["n"])

    def _eventually(self, probe: Callable[[], str], cause: Callable[[], causes.Cause]) -> str:
        note = ""
        # a table that is missing, a broker that went away: the cause tells
        with suppress(OperationError, KafkaUnavailableError):
            note = wait_until(probe, self._within_s, every_s=_PROBE_INTERVAL_S)
        if not note:
            raise StoppedError(cause())
        return note

    def _connected(self) -> Client:
        if self._client is None:
            raise RuntimeError("ClickHouse is a stage before this one")
        return self._client

    def _close(self, *, keep: bool) -> None:
        if self._client is None:
            return
        if not keep:
            for table in (LANDING, _TYPED):
                self._forget(table)
        self._client.close()

    def _forget(self, table: str) -> None:
        try:
            if self._count(table):
                parameters: dict[str, Any] = {"id": self._id}
                execute(self._connected(), f"DELETE FROM {table} WHERE event_id = {{id:UUID}}", **parameters)  # noqa: S608
        except OperationError:
            return  # it can be told by its identity, and belongs to nobody
