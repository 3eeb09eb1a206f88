"""Restores a consumer from the two states that it does not leave by itself: no partitions, and a commit that hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from common.topic import KafkaUnavailableError, Topic
from local.consumer import ConsumerUnavailableError, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.process import Child

CHECK_EVERY_S = 2.5
# A healthy consumer joins within 2 s; one that has no partition at so many checks in a row never will.
CHECKS_WITHOUT_PARTITIONS = 3
FROZEN_AFTER_S = 60.0


class ConsumerWatch:
    """Checks the consumer from time to time. In a broker of the stack's `own`, its group may be deleted."""

    def __init__(self, queue: Queue, clickhouse: Child, topic: Topic, *, own: bool, say: Callable[[str], None]) -> None:
        self._queue = queue
        self._clickhouse = clickhouse
        self._topic = topic
        self._own = own
        self._say = say
        self._broker_away_at = float("-inf")
        self._next_check = time.monotonic() + CHECK_EVERY_S
        self._without_partitions = 0

    def check(self) -> None:
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_EVERY_S
        try:
            assigned, silent_s = self._queue.assigned(), self._queue.seconds_since_poll()
        except ConsumerUnavailableError:
            return  # ClickHouse is starting, or busy; a dead one is seen by its process
        if silent_s is None or assigned:
            self._without_partitions = 0  # there is no consumer: somebody has paused it
        else:
            self._without_partitions += 1
        if silent_s is not None and silent_s > FROZEN_AFTER_S and self._broker_is_back(now):
            self._say(f"ClickHouse has not polled the broker for {silent_s:.0f} s: it is being restarted")
            self._clickhouse.stop(timeout_s=5.0)
        elif self._own and self._without_partitions >= CHECKS_WITHOUT_PARTITIONS and self._topic.broker_answers():
            self._without_partitions = 0
            self._renew_group()

    def _broker_is_back(self, now: float) -> bool:
        """Whether the broker has answered for so long that a sound consumer would have asked it by now."""
        if not self._topic.broker_answers():
            self._broker_away_at = now
        return now - self._broker_away_at > FROZEN_AFTER_S

    def _renew_group(self) -> None:
        """Start the group over: a member that left while joining blocks it. What is read again is shown once."""
        self._say("ClickHouse gets no messages: its consumer group is started over")
        try:
            if not self._topic.forget_group():
                self._say("the consumer group could not be deleted: it still has a member")
        except KafkaUnavailableError as error:
            self._say(f"the consumer group could not be deleted: {error}")
