"""What comes after everything was counted: late events on nine days, and refused ones of any day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.lives import corner_times, visits
from tests.oracle.lives.deeds import Browser, Deed, Delivery, Diary, Phase
from tests.oracle.lives.times import DAY, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.oracle.lives.cast import Cast
    from tests.oracle.lives.times import Calendar

LATE_DAYS = (1, 2, 4, 5, 8, 12, 17, 22, 28)
REFUSED_DAYS = (3, 8, 20, 33, 36, 40, 45)
AT_ONCE = 24


def add(diary: Diary, calendar: Calendar, cast: Cast) -> None:
    _visits_on(diary, calendar, cast, LATE_DAYS, Phase.LATE)
    _visits_on(diary, calendar, cast, REFUSED_DAYS, Phase.REFUSED)
    _between_sessions(diary, calendar)


def _visits_on(diary: Diary, calendar: Calendar, cast: Cast, days: Sequence[int], phase: Phase) -> None:
    """Visits of people who were there before, of new ones, and one event of every type by somebody well known."""
    chance = diary.chance
    for ago in days:
        deeds = Diary(chance)
        person = chance.choice([person for person in cast.people if person.browsers[0].skew_ms == 0])
        visit = visits.Visit(
            deeds, cast.films, person.browsers[0], person.user_id, calendar.day(ago, chance.random() * 20)
        )
        visits.go(visit, person)
        for number, (event_type, payload) in enumerate(corner_times.one_of_each(deeds, "tt000")):
            at = calendar.day(ago, 3 if phase is Phase.LATE else 4) + number * SECOND
            deeds.write(at, Browser("a-late"), event_type, payload, user=chance.choice(("u1", "u2", f"u-late-{ago}")))
        diary.deeds += [_held_back(calendar, deed, phase) for deed in deeds.deeds if _on(calendar, ago, deed.at)]


def _between_sessions(diary: Diary, calendar: Calendar) -> None:
    """An event that makes one session of two, over midnight."""
    browser = Browser("a-bridge")
    for ago in (4, 17):
        evening = calendar.day(ago, 23.5)
        for at in (evening, evening + 50 * MINUTE):
            diary.write(at, browser, "click", {"element": "other"}, user="u-bridge", page_url=f"/{at}")
        bridge = Diary(diary.chance)
        bridge.write(evening + 25 * MINUTE, browser, "click", {"element": "other"}, user="u-bridge", page_url="/bridge")
        diary.deeds += [_held_back(calendar, deed, Phase.LATE) for deed in bridge.deeds]


def _on(calendar: Calendar, ago: int, at: int) -> bool:
    return calendar.day(ago) <= at < min(calendar.day(ago - 1), calendar.now - MINUTE)


def _held_back(calendar: Calendar, deed: Deed, phase: Phase) -> Deed:
    """The same deed, received just now; or, where the API would refuse it as too old, 29 days after it happened."""
    received = min(calendar.now - SECOND, deed.at + 29 * DAY)
    fields = {**deed.__dict__, "deliveries": (Delivery(received, received - 60, phase),)}
    return Deed(**fields)
