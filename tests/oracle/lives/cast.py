"""Who and what there is: people, their browsers, films, pages, words that are searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.lives.deeds import Browser
from tests.oracle.lives.times import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    import random

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; CUBOT X90) Chrome/138.0 Mobile Safari/537.36",
    "",
)
BOTS = ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Mozilla/5.0 HeadlessChrome/138.0")
# Most clocks are right, many are a little off, a few are in another time zone, and some have lost their battery.
SKEWS = (0,) * 14 + (70 * SECOND, -3 * MINUTE, 4 * MINUTE + 59 * SECOND, 20 * MINUTE, -3 * HOUR, 9 * HOUR, -731 * DAY)
QUERIES = ("Drama", "drama ", " DRAMA", "space opera", "Space  Opera", "Амели", "АМЕЛИ", "Über uns", "über uns", "zzz")
GENRES = ("Drama", "drama ", "drama", "Comedy", "comedy", "war", "Война", "война")
ACTORS = ("Ann Lee", "ann lee", " Ann Lee", "Max Öz", "max öz")
QUALITIES = ("144p", "360p", "480p", "540p", "720p", "1080p", "2160p", "4320p", "auto")
PAGES = (
    ("category", "drama"),
    ("category", "comedy"),
    ("promotion", "summer"),
    ("recommendations", ""),
    ("other", ""),
)


@dataclass(frozen=True)
class Film:
    movie_id: str
    duration_ms: int


@dataclass(frozen=True)
class Person:
    """Somebody; without a user id they never sign in. Activity is a weight, `since` and `until` are days ago."""

    user_id: str | None
    browsers: tuple[Browser, ...]
    activity: float
    since: int
    until: int


@dataclass(frozen=True)
class Cast:
    films: tuple[Film, ...]
    people: tuple[Person, ...]


def made_browser(chance: random.Random, name: str, *, is_bot: bool = False) -> Browser:
    context = {
        "locale": chance.choice(("de-DE", "en-GB", "ru-RU")),
        "timezone": chance.choice(("Europe/Berlin", "America/New_York", "Asia/Kolkata")),
        "screen_width": chance.choice((390, 1440, 2560)),
        "screen_height": chance.choice((844, 900, 1440)),
        "app_version": chance.choice(("1.0", "1.1")),
    }
    skew = chance.choice(SKEWS)
    return Browser(
        anonymous_id=name,
        user_agent=chance.choice(BOTS if is_bot else AGENTS),
        is_bot=is_bot,
        ip=f"198.51.{chance.randrange(100)}.0",
        context={name: value for name, value in context.items() if chance.random() < 0.8},
        skew_ms=skew,
        # A clock that is far off is told by the time of sending alone; without it the event would be refused.
        dates_requests=abs(skew) > DAY or chance.random() < 0.7,
    )


def make_cast(chance: random.Random, people: int, days: int) -> Cast:
    """People of all kinds: guests, users of one or two browsers, families on one browser, robots."""
    films = tuple(Film(f"tt{number:03}", chance.choice((22, 48, 95, 131)) * MINUTE) for number in range(24))
    everybody = []
    family: Browser | None = None
    for number in range(people):
        kind = number % 10
        browsers = [made_browser(chance, f"a{number}", is_bot=kind == 9)]
        if kind in {1, 2}:
            browsers.append(made_browser(chance, f"a{number}-phone"))
        if kind == 3:
            family = browsers[0]
        if kind == 4 and family:
            browsers = [family]
        since = chance.randrange(1, days)
        everybody.append(
            Person(
                user_id=None if kind in {0, 5, 9} else f"u{number}",
                browsers=tuple(browsers),
                activity=chance.choice((0.2, 1, 1, 3)),
                since=since,
                until=chance.choice((0, 0, chance.randrange(since))),
            )
        )
    return Cast(films, tuple(everybody))
