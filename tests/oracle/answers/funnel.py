"""Funnels: how many people take one step after another. Bots are left out."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.oracle.answers.ledger import Ledger, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

_DETAILS: Final = {"click": "element", "page_view": "page_type", "video_progress": "state", "custom": "name"}
COLUMNS: Final = ("step", "name", "active_users", "share_of_first", "share_of_previous")


class Trace(NamedTuple):
    """An event, and the steps that it could be: numbers from 0."""

    at: datetime
    fits: frozenset[int]


# The film that an event names; most events of other kinds name none.
_FILM: Final = """
    CASE
        WHEN event_type = 'click' AND payload->>'element' IN ('movie', 'trailer') THEN payload->>'element_id'
        WHEN event_type IN ('page_view', 'page_leave') AND payload->>'page_type' = 'movie' THEN payload->>'page_id'
        ELSE payload->>'movie_id'
    END
"""


def funnel(
    ledger: Ledger, steps: Sequence[str], window_seconds: int, since: str, until: str, *, movie_id: str = ""
) -> Table:
    """People who got to each step, in any one go. One row per step.

    Each step is an event of its own, not before the one that was the step before (the same millisecond will do), and
    at most `window_seconds` after the event that was the first. All of them lie on the days from `since` to `until`,
    both included. Other events may lie in between. A share of nobody is NULL. With a film, an event that names a film
    (a click on it or its trailer, its page, its player) is a step only when it is this one.
    """
    reached = [
        _furthest(traces, len(steps), window_seconds) for traces in _people(ledger, steps, since, until, movie_id)
    ]
    people = [sum(furthest > number for furthest in reached) for number in range(len(steps))]
    rows: list[tuple[Any, ...]] = [
        (number + 1, name, people[number], _share(people[number], people[0]), _share(people[number], before))
        for (number, name), before in zip(enumerate(steps), [0, *people], strict=False)
    ]
    return Table(COLUMNS, rows, frozenset({"share_of_first", "share_of_previous"}))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _people(ledger: Ledger, steps: Sequence[str], since: str, until: str, movie_id: str) -> list[list[Trace]]:
    """Of each person the events that could be a step, in the order of time."""
    found = ledger.ask(
        f"""
        SELECT identity, occurred_at, event_type, CASE event_type {_detail_cases()} END AS detail
        FROM counted
        WHERE day BETWEEN $since::DATE AND $until::DATE AND ($movie_id = '' OR coalesce({_FILM}, '') IN ('', $movie_id))
        ORDER BY identity, occurred_at
        """,
        since=since,
        until=until,
        movie_id=movie_id,
    )
    wanted = [step.partition(":")[::2] for step in steps]

    def fits(event_type: str, detail: str | None) -> frozenset[int]:
        return frozenset(
            number for number, (kind, more) in enumerate(wanted) if kind == event_type and more in ("", detail)
        )

    by_person = itertools.groupby(found.rows, key=itemgetter(0))
    return [[Trace(at, fits(kind, detail)) for _, at, kind, detail in events] for _, events in by_person]


def _detail_cases() -> str:
    return " ".join(f"WHEN '{kind}' THEN payload->>'{name}'" for kind, name in _DETAILS.items())


def _furthest(traces: list[Trace], steps: int, window_seconds: int) -> int:
    """How many steps the best go has that one person had."""
    useful = [trace for trace in traces if trace.fits]
    best = 0
    for index, trace in enumerate(useful):
        if 0 in trace.fits and best < steps:
            end = trace.at + timedelta(seconds=window_seconds)
            best = max(best, _go(useful, (index,), steps, end))
    return best


def _go(traces: list[Trace], used: tuple[int, ...], steps: int, end: datetime) -> int:
    """How far one go gets, whose events so far are `used`.

    The earliest next event is the best one, since a later one leaves less to come; only among events of the same
    millisecond it matters which of them is taken, and all are tried.
    """
    step, at = len(used), traces[used[-1]].at
    if step == steps:
        return steps
    candidates = [
        index
        for index in range(len(traces))
        if index not in used and step in traces[index].fits and at <= traces[index].at <= end
    ]
    earliest = [index for index in candidates if traces[index].at == traces[candidates[0]].at]
    return max((_go(traces, (*used, index), steps, end) for index in earliest), default=step)
