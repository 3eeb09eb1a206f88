"""The names of the steps on an event's way, and how long each takes, measured for a few requests only."""

from __future__ import annotations

from contextlib import nullcontext
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Step(StrEnum):
    """In the order in which an event takes them. `docs/architecture.md` names the function of each."""

    RECEIVE = "receive"
    UNPACK = "unpack"
    DECODE = "decode"
    REQUIRE_IDENTITY = "require_identity"
    REFUSE_JUNK_IDENTITY = "refuse_junk_identity"
    REFUSE_UNSEEN_CHARACTERS = "refuse_unseen_characters"
    CHECK_CONTRADICTIONS = "check_contradictions"
    CHECK_PROPERTIES = "check_properties"
    IDENTIFY = "identify"
    PLACE_IN_TIME = "place_in_time"
    COMPLETE = "complete"
    ENCODE = "encode"
    SEND = "send"

    # That of an enumeration is written in Python, and called for each step of each event that is timed.
    __hash__ = str.__hash__


class Timings:
    """What each step of one request took, over all its events, in seconds."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds: dict[Step, float] = {}

    def add(self, step: Step, seconds: float) -> None:
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds

    def run(
        self, step: Step, function: Callable[Arguments, Result], *given: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        """What the function returns; the time that it took counts for this step."""
        began = perf_counter()
        try:
            return function(*given, **named)
        finally:
            self.add(step, perf_counter() - began)


class _Stopwatch:
    __slots__ = ("_began", "_step", "_timings")

    def __init__(self, timings: Timings, step: Step) -> None:
        self._timings = timings
        self._step = step
        self._began = 0.0

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_error: object) -> None:
        self._timings.add(self._step, perf_counter() - self._began)


_UNTIMED: Final = nullcontext()


def timed(timings: Timings | None, step: Step) -> AbstractContextManager[None]:
    """Around a part of a coroutine: its time counts for this step, if this request is measured."""
    return _UNTIMED if timings is None else _Stopwatch(timings, step)
