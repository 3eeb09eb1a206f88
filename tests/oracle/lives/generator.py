"""The whole of it: from a seed, a moment and a number of events to all requests that were posted by that moment."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.oracle.lives import cast, corner_copies, corner_films, corner_pages, corner_times, delivery, late, visits
from tests.oracle.lives.deeds import Deed, Diary
from tests.oracle.lives.times import DAY, MINUTE, Calendar

if TYPE_CHECKING:
    from tests.oracle.posts import Post

EVENTS = 20_000
FIRST_SEED = 1


def generate(seed: int, now: int, events: int = EVENTS) -> list[Post]:
    """Requests with about so many events, repetitions included; the same for the same arguments."""
    chance = random.Random(seed)
    calendar = Calendar(now)
    played = cast.make_cast(chance, people=max(10, events // 110), days=calendar.days)
    diary = Diary(chance)
    for corner in (corner_times, corner_pages, corner_films, corner_copies):
        corner.add(diary, calendar)
    late.add(diary, calendar, played)
    # Some come again, and some are of a moment that has not come yet.
    while len(diary.deeds) < events * 0.95:
        _visit_by_chance(diary, calendar, played)
    diary.deeds = [deed for deed in diary.deeds if deed.deliveries or _has_happened(deed, calendar)]
    return delivery.deliver(chance, calendar, diary.deeds)


def _visit_by_chance(diary: Diary, calendar: Calendar, played: cast.Cast) -> None:
    chance = diary.chance
    person = chance.choices(played.people, weights=[person.activity for person in played.people])[0]
    day = calendar.day(chance.randrange(person.until, person.since + 1))
    at = visits.start_of(day, chance.random())
    visits.go(visits.Visit(diary, played.films, chance.choice(person.browsers), person.user_id, at), person)


def _has_happened(deed: Deed, calendar: Calendar) -> bool:
    """Not after now, and not so far in the past that the lives had not begun."""
    return calendar.now - (calendar.days + 2) * DAY < deed.at < calendar.now - MINUTE
