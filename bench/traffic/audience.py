"""The audience: who comes on which day, and everything that they do, as an endless stream of visits."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from bench.traffic.catalog import Catalog
from bench.traffic.day import DAY_MS, Day
from bench.traffic.events import Event, encode
from bench.traffic.ids import Ids
from bench.traffic.people import Person, person
from bench.traffic.sessions import LONGEST_VISIT, Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS: Final = 28  # the contract takes events of the last 30 days
_TWO_VISITS: Final = 0.3
_SHORTEST_VISIT: Final = 3


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who is simulated. The same values give the same events, byte for byte.

    `run_id` salts event and session ids only: two runs that differ in nothing else do the same things under other ids.
    `day_end_ms` (epoch milliseconds) is when the first day ends. A second day, if so many events are wanted, is the day
    before it, and so on; after DAYS days the last day comes again with other people.
    """

    people: int = 30_000
    per_day: int = 10_000
    actions: int = 10
    seed: int = 1
    run_id: str
    day_end_ms: int


class Encoded(NamedTuple):
    """One event as it is sent."""

    event_id: str
    event_type: str
    body: bytes


class VisitOfPerson(NamedTuple):
    """What one person did in one visit, in order."""

    person: Person
    events: list[Encoded]


def visits(audience: Audience, events: int | None = None) -> Iterator[VisitOfPerson]:
    """Every visit, in the order of time within a day, until there were so many events (None: endless)."""
    catalog = Catalog(audience.seed)
    ids = Ids(f"ids:{audience.seed}:{audience.run_id}")
    left = events
    for number in itertools.count():
        for visit in _day(audience, catalog, ids, number):
            if left is not None:
                if left <= len(visit.events):
                    if left:
                        yield visit._replace(events=visit.events[:left])
                    return
                left -= len(visit.events)
            yield visit


def _day(audience: Audience, catalog: Catalog, ids: Ids, number: int) -> Iterator[VisitOfPerson]:
    rng = random.Random(f"day:{audience.seed}:{number}")
    day = Day(audience.day_end_ms - number % DAYS * DAY_MS)
    plans = []
    for somebody in rng.sample(range(audience.people), audience.per_day):
        plans += [(rng.random(), somebody, count) for count in _split(rng, audience.actions)]
    plans.sort()
    for share, somebody, count in plans:
        who = person(audience.seed, somebody)
        events = Visit(rng, catalog).run(count)
        start_ms = day.moment(share, events[-1].occurred_at)  # type: ignore[arg-type]  # still milliseconds here
        yield VisitOfPerson(who, _finish(who, events, start_ms, ids))


def _split(rng: random.Random, actions: int) -> list[int]:
    """One person's actions as the lengths of visits."""
    lengths = [LONGEST_VISIT] * (actions // LONGEST_VISIT)
    rest = actions % LONGEST_VISIT
    if rest >= 2 * _SHORTEST_VISIT and rng.random() < _TWO_VISITS:
        first = rng.randint(_SHORTEST_VISIT, rest - _SHORTEST_VISIT)
        return [*lengths, first, rest - first]
    return [*lengths, rest] if rest else lengths


def _finish(who: Person, events: list[Event], start_ms: int, ids: Ids) -> list[Encoded]:
    """Give a visit's events their time, ids and identity, and encode them."""
    session_id = ids.at(start_ms)
    encoded = []
    for event in events:
        at_ms = start_ms + event.occurred_at  # type: ignore[operator]  # milliseconds until the next line
        event.occurred_at = rfc3339(at_ms) if who.rfc3339 else at_ms
        event.event_id = event_id = ids.at(at_ms)
        event.user_id = who.user_id
        event.anonymous_id = who.anonymous_id
        event.session_id = session_id
        event.context = who.context
        encoded.append(Encoded(event_id, event.__struct_config__.tag, encode(event)))  # type: ignore[arg-type]  # a string
    return encoded


def rfc3339(epoch_ms: int) -> str:
    """The time as RFC 3339 text in UTC, to the millisecond."""
    whole, milliseconds = divmod(epoch_ms, 1000)
    moment = dt.datetime.fromtimestamp(whole, dt.UTC).replace(microsecond=milliseconds * 1000)
    return moment.isoformat(timespec="milliseconds")
