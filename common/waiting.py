"""Waiting for something to become true, by asking again and again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")


def wait_until(probe: Callable[[], Answer], timeout_s: float, *, every_s: float = 0.05) -> Answer:
    """Ask `probe` until its answer is true, or `timeout_s` seconds are over; the last answer.

    It is asked once at least, and once more when the time is over. What `probe` raises ends the waiting.
    """
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while True:
        left_s = deadline - time.monotonic()
        answer = probe()
        if answer or left_s <= 0:
            return answer
        pause.wait(min(every_s, left_s))
