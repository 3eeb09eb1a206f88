"""Keeps the embedded broker small: it frees nothing by itself, but a deleted topic is freed at once.

The topic is deleted and created again only when nothing can be lost: the gate holds up the API's workers, ClickHouse
has committed every message, and its consumer has left the topic.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import psutil

from common.topic import KafkaUnavailableError, Topic
from common.waiting import wait_until
from local.consumer import ConsumerUnavailableError, Queue
from local.gate import GateBusyError, Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

MEBIBYTE = 1 << 20


class Limits(msgspec.Struct, frozen=True):
    """When to act, in bytes of resident memory and in seconds."""

    # Under load the topic is renewed from here on; the bar for the whole process is 1 GB.
    busy_bytes: int = 320 * MEBIBYTE
    # From here on the API waits for as long as ClickHouse needs to catch up.
    full_bytes: int = 700 * MEBIBYTE
    # A quiet broker gives back what it holds above this.
    idle_bytes: int = 48 * MEBIBYTE
    idle_after_s: float = 3.0
    # How long the API may be held up for ClickHouse to catch up, below `full_bytes`; it took 0.1 to 0.5 s when timed.
    # Beside it, a hold waits for acknowledgements (0.1 s then, at the longest 2 s) and creates the topic again (0.3 s).
    patience_s: float = 0.5
    retry_after_s: float = 1.0


class BrokerMemory:
    """Watches one broker process and renews its topic."""

    def __init__(
        self, topic: Topic, queue: Queue, keeper: Keeper, *, say: Callable[[str], None], limits: Limits | None = None
    ) -> None:
        self._topic = topic
        self._queue = queue
        self._keeper = keeper
        self._say = say
        self._limits = limits or Limits()
        self._next_try = 0.0
        self._last_ends: dict[int, int] = {}
        self._quiet_since = time.monotonic()

    def check(self, broker_pid: int) -> bool:
        """Renew the topic when the broker's memory asks for it, and say whether it was; cheap, to be called often."""
        now = time.monotonic()
        if now < self._next_try:
            return False
        try:
            resident = psutil.Process(broker_pid).memory_info().rss
        except psutil.Error:
            return False  # it has just died; the supervisor starts it again, empty
        if resident < self._limits.idle_bytes:
            return False
        try:
            if resident >= self._limits.busy_bytes:
                full = resident >= self._limits.full_bytes
                return self.renew(30.0 if full else self._limits.patience_s)
            if self._quiet(now):
                return self.renew(self._limits.patience_s)
        except (KafkaUnavailableError, ConsumerUnavailableError, GateBusyError) as error:
            self._say(f"the broker holds {resident // MEBIBYTE} MiB and could not be emptied yet: {error}")
        finally:
            # From the end of this try: requests that it held up go through before the next try holds them up again.
            self._next_try = time.monotonic() + self._limits.retry_after_s
        return False

    def renew(self, patience_s: float) -> bool:
        """Delete the topic and create it again. Returns False, with nothing changed, while something is unconsumed."""
        began = time.monotonic()
        with self._keeper.held(timeout_s=2.0):
            if not self._all_consumed_within(patience_s) or not self._queue.assigned():
                return False
            consuming = self._queue.detach()
            try:
                self._topic.delete()
            finally:
                self._topic.create()
                if consuming:
                    self._queue.attach()
        self._say(f"the broker's memory was given back; requests waited {time.monotonic() - began:.1f} s")
        return True

    def _all_consumed_within(self, patience_s: float) -> bool:
        fence = self._topic.fence()
        return wait_until(lambda: not self._topic.unread(fence), patience_s, every_s=0.02)

    def _quiet(self, now: float) -> bool:
        ends = self._topic.ends()
        if ends != self._last_ends:
            self._last_ends, self._quiet_since = ends, now
        return now - self._quiet_since >= self._limits.idle_after_s
