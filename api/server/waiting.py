"""Deadlines that cost little: who waits for the same time is late in the order in which the waiting began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Waiting(Generic[T]):
    """Whoever waits for one thing, each for `seconds`. No timer of its own: `sweep` is called now and then."""

    def __init__(self, seconds: float, late: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._late = late
        self._since: dict[T, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def enter(self, who: T, now: float) -> None:
        """Begin to wait; `who` does not wait here yet."""
        self._since[who] = now

    def leave(self, who: T) -> None:
        self._since.pop(who, None)

    def sweep(self, now: float) -> None:
        """Let go of everybody who waited too long."""
        while self._since:
            who = self.longest()
            if self._since[who] + self._seconds > now:
                return
            del self._since[who]
            self._late(who)

    def longest(self) -> T:
        """Return who waits for the longest time."""
        return next(iter(self._since))
