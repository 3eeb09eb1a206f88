"""What a busy machine adds to a time that is measured, so that it can be taken off again."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")


def withheld_s(thread: int) -> float:
    """How long this thread was ready to run while the cores ran others; 0 where the system does not tell."""
    try:
        _ran, waited, _turns = Path(f"/proc/{thread}/schedstat").read_text().split()
    except FileNotFoundError:
        return 0.0
    return int(waited) / 1e9


def timed(work: Callable[[], T], threads: Iterable[int]) -> tuple[T, float]:
    """What this returns, and its seconds less those withheld from these threads and from the one that waits for them.

    What a thread does, and what it waits for itself, counts; that others compute on the same cores does not.
    """
    every = [*threads, threading.get_native_id()]
    withheld = sum(map(withheld_s, every))
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    return result, max(0.0, took - (sum(map(withheld_s, every)) - withheld))
