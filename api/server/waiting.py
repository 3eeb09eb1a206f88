"""Deadlines without timers: those who may wait equally long expire in the order in which they began to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Waiting(Generic[T]):
    """Those who wait for the same thing, each for at most `seconds`; `sweep` has to be called again and again."""

    def __init__(self, seconds: float, late: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._late = late
        self._since: dict[T, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def enter(self, who: T, now: float) -> None:
        """Begin to wait; `who` must not be waiting here already."""
        self._since[who] = now

    def leave(self, who: T) -> None:
        self._since.pop(who, None)

    def sweep(self, now: float, most: int) -> bool:
        """Take out the expired, at most `most` of them; whether there may be more."""
        for _ in range(most):
            if not self._since:
                return False
            who = self.longest()
            if self._since[who] + self._seconds > now:
                return False
            del self._since[who]
            self._late(who)
        return True

    def longest(self) -> T:
        """Return the one who has waited longest."""
        return next(iter(self._since))
