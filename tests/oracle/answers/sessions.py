"""Sessions: visits of people, cut from the times of their events alone. Bots are left out."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.oracle.answers.ledger import Ledger, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SILENCE: Final = timedelta(minutes=30)
COLUMNS: Final = (
    "day", "identity", "started_at", "ended_at", "duration_ms", "events", "page_views", "entry_page", "exit_page",
)  # fmt: skip


class Trace(NamedTuple):
    """What a session needs of an event."""

    identity: str
    at: datetime
    event_type: str
    page_url: str


def sessions(ledger: Ledger) -> Table:
    """Each session from its first event to its last; a silence of more than 30 minutes ends it. One row per session.

    It belongs to the day on which it began, and may go on to the end of the day after: what somebody does without a
    pause from then on is another session. Entry and exit are the first and last page that an event names.
    """
    found = ledger.ask("SELECT identity, occurred_at, event_type, page_url FROM counted ORDER BY identity, occurred_at")
    people = itertools.groupby((Trace(*row) for row in found.rows), key=itemgetter(0))
    return Table(COLUMNS, [_row(session) for _, traces in people for session in cut(traces)])


def cut(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    """The sessions of one person, whose traces come in the order of time."""
    session: list[Trace] = []
    for trace in traces:
        if session and (trace.at - session[-1].at > SILENCE or trace.at.date() > _last_day(session)):
            yield session
            session = []
        session.append(trace)
    if session:
        yield session


def _last_day(session: list[Trace]) -> date:
    return session[0].at.date() + timedelta(days=1)


def _row(session: list[Trace]) -> tuple[Any, ...]:
    first, last = session[0], session[-1]
    pages = [trace.page_url for trace in session if trace.page_url]
    return (
        first.at.date(),
        first.identity,
        first.at,
        last.at,
        (last.at - first.at) // timedelta(milliseconds=1),
        len(session),
        sum(trace.event_type == "page_view" for trace in session),
        pages[0] if pages else "",
        pages[-1] if pages else "",
    )
