"""The simulated audience as a load: all event types, and clients that repeat what failed with the same event ids."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, Self

from bench.traffic.audience import Audience as Plan
from bench.traffic.audience import visits
from bench.traffic.sessions import LONGEST_VISIT
from tests.support.acknowledged import TABLES, read_acknowledged
from tests.support.stack import ROOT, eventually

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from tests.support.stack import Stack

# A request that nobody answers (30 s) at the end of its client's patience still ends within FINISH_S.
PATIENCE_S = 60
FINISH_S = 120
ARRIVAL_S = 60.0


class Audience:
    """`python -m bench traffic` at `rate` requests a second for `seconds`, which the end of the block waits for."""

    def __init__(self, stack: Stack, folder: Path, *, rate: float, seconds: float) -> None:
        self.plan = Plan(
            people=3_000,
            per_day=1_000,
            actions=10,
            seed=1,
            run_id=str(uuid.uuid4()),
            day_end_ms=int(time.time() * 1000),
        )
        self._folder = folder
        self._acknowledged = folder / "acknowledged.tsv"
        self._figures = folder / "traffic.json"
        self._log = (folder / "traffic.log").open("wb")
        plan = self.plan
        who = ("--people", plan.people, "--per-day", plan.per_day, "--actions", plan.actions, "--seed", plan.seed)
        when = ("--run-id", plan.run_id, "--day-end", plan.day_end_ms, "--rate", rate, "--seconds", seconds)
        where = ("--url", stack.url, "--acknowledged", self._acknowledged, "--json", self._figures)
        patience = ("--patience", PATIENCE_S)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench", "traffic", *map(str, (*who, *when, *where, *patience))],
            cwd=ROOT,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            code = self._process.wait(FINISH_S if kind is None else 0)
            # Every event was acknowledged in the end, if need be after repeats.
            assert kind is not None or code == 0, (self._folder / "traffic.log").read_text()
        except subprocess.TimeoutExpired:
            # Told to stop, it says what it waited for.
            self._process.send_signal(signal.SIGINT)
            self._process.wait(FINISH_S)
            if kind is None:
                raise AssertionError((self._folder / "traffic.log").read_text()) from None
        finally:
            self._log.close()

    def wait_for(self, count: int) -> None:
        """Return when so many events are acknowledged."""
        eventually(lambda: len(self.acknowledged()) >= count, within_s=60, interval_s=0.05)

    def acknowledged(self) -> dict[str, str]:
        """Return what was acknowledged so far: event type by event id."""
        return read_acknowledged(self._acknowledged)

    def answers(self) -> dict[str, int]:
        """Return, after the end, how often each status came, or none did."""
        return dict(self._summary()["answers"])

    def repeats(self) -> int:
        """Return, after the end, how many requests were sent again."""
        return int(self._summary()["repeats"])

    def sent(self) -> set[str]:
        """Return, after the end, the ids of all that was sent, and of the rest of the last visit."""
        count = self._summary()["events"] + LONGEST_VISIT
        return {event.event_id for visit in visits(self.plan, count) for event in visit.events}

    def _summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads(self._figures.read_text())["summary"]
        return summary


def assert_audience_is_there_once(stack: Stack, audience: Audience, before: set[str]) -> None:
    """Every acknowledged event is shown, none twice, and none, except those from `before`, that was never sent."""
    acknowledged = audience.acknowledged()
    assert acknowledged
    for event_type, view in (*TABLES.items(), (None, "events")):
        wanted = {event_id for event_id, its_type in acknowledged.items() if event_type in {its_type, None}}
        eventually(lambda w=wanted, v=view: w <= set(ids(stack, v)), within_s=ARRIVAL_S, interval_s=0.5)  # type: ignore[misc]
        shown = ids(stack, view)
        assert len(shown) == len(set(shown)), view
    assert not set(ids(stack, "events")) - before - audience.sent()


def ids(stack: Stack, view: str) -> list[str]:
    return [row["event_id"] for row in stack.query(f"SELECT event_id FROM analytics.{view}")]
