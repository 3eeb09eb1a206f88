"""Work in small parts, so that one large request does not hold up all others of its worker."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

Result = TypeVar("Result")

TURN_S: Final = 0.005
"""After so long, others get their turn at the next opportunity."""


def at_once(parts: Generator[None, None, Result]) -> Result:
    """Return the result of the work, done without a pause."""
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


async def in_turns(parts: Generator[None, None, Result]) -> Result:
    """Return the result of the work; between its parts, other tasks run."""
    until = time.monotonic() + TURN_S
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + TURN_S
