"""Packs events into requests: of 1 to 5 KB, as a browser's tracker sends them, or as large as asked for."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.traffic.audience import Encoded, VisitOfPerson
    from bench.traffic.people import Person

Route = Literal["/api/v1/events", "/api/v1/events/batch"]

SMALLEST: Final = 1_024
LARGEST: Final = 5_000
MOST_EVENTS: Final = 500  # of the contract, in one batch
LARGEST_BODY: Final = 1_000_000  # below the contract's 1 MiB
_TARGETS: Final = (1_500, 4_000)
_ENVELOPE: Final = len('{"sent_at":"2026-01-01T00:00:00.000+00:00","events":[]}')
_ALONE: Final = 0.25  # share of events that go alone, of those that are large enough for it


class Request(NamedTuple):
    """One request. `beacon`: sent while the page goes away, so as text/plain."""

    route: Route
    events: list[Encoded]
    person: Person
    beacon: bool

    def body(self, sent_at: str) -> bytes:
        """What is posted. Only a batch says when it is sent; each try says it anew."""
        if self.route == "/api/v1/events":
            return self.events[0].body
        return b'{"sent_at":"%b","events":[%b]}' % (sent_at.encode(), b",".join(event.body for event in self.events))


def pack(visits: Iterable[VisitOfPerson], seed: int) -> Iterator[Request]:
    """Requests of 1 to 5 KB, each of one visit. A visit of one small event is the only smaller request."""
    rng = random.Random(f"requests:{seed}")
    for visit in visits:
        together = []
        for event in visit.events:
            if SMALLEST <= len(event.body) <= LARGEST and (event.event_type == "custom" or rng.random() < _ALONE):
                yield Request("/api/v1/events", [event], visit.person, beacon=False)
            else:
                together.append(event)
        if not together:
            continue
        batches = _batches(together, rng)
        for number, batch in enumerate(batches, start=1):
            beacon = number == len(batches) and batch[-1].event_type == "page_leave"
            yield Request("/api/v1/events/batch", batch, visit.person, beacon=beacon)


def pack_large(visits: Iterable[VisitOfPerson], kilobytes: int) -> Iterator[Request]:
    """Batches of about `kilobytes` kB (at most LARGEST_BODY and MOST_EVENTS), as a gateway of many people sends."""
    limit = min(kilobytes * 1000, LARGEST_BODY)
    events: list[Encoded] = []
    size = _ENVELOPE
    sender: Person | None = None
    for visit in visits:
        sender = sender or visit.person
        for event in visit.events:
            if events and (size + len(event.body) + 1 > limit or len(events) == MOST_EVENTS):
                yield Request("/api/v1/events/batch", events, sender, beacon=False)
                events, size, sender = [], _ENVELOPE, visit.person
            events.append(event)
            size += len(event.body) + 1
    if events and sender:
        yield Request("/api/v1/events/batch", events, sender, beacon=False)


def _batches(events: list[Encoded], rng: random.Random) -> list[list[Encoded]]:
    batches: list[list[Encoded]] = [[]]
    size, target = _ENVELOPE, rng.randint(*_TARGETS)
    for event in events:
        grown = size + len(event.body) + 1
        if batches[-1] and (size >= target or grown > LARGEST):
            batches.append([])
            size, target = _ENVELOPE, rng.randint(*_TARGETS)
            grown = size + len(event.body) + 1
        batches[-1].append(event)
        size = grown
    if size < SMALLEST and len(batches) > 1:
        _merge_last(batches)
    return batches


def _merge_last(batches: list[list[Encoded]]) -> None:
    """A small rest joins the batch before it, or takes events from it when both are too large for one request."""
    rest = batches.pop()
    if _size(batches[-1]) + _size(rest) - _ENVELOPE <= LARGEST:
        batches[-1] += rest
        return
    while _size(rest) < SMALLEST:
        rest.insert(0, batches[-1].pop())
    batches.append(rest)


def _size(events: list[Encoded]) -> int:
    return _ENVELOPE + sum(len(event.body) + 1 for event in events)
