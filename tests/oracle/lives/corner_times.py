"""Corners of time: midnights and ends of months, silences of exactly half an hour, who never sleeps, clocks ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.lives.deeds import Browser, Delivery, Diary
from tests.oracle.lives.times import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.oracle.lives.times import Calendar

SILENCE = 30 * MINUTE


def one_of_each(diary: Diary, movie_id: str) -> list[tuple[str, dict[str, Any]]]:
    """One event of every type, about one film."""
    view_id = diary.random_id()
    of_page = {"view_id": view_id, "page_type": "movie", "page_id": movie_id}
    return [
        ("page_view", {**of_page, "title": "Film"}),
        ("click", {"element": "trailer", "element_id": movie_id}),
        ("search_filter", {"query": "Midnight ", "genres": ["Drama"], "results_count": 0}),
        ("video_progress", {"movie_id": movie_id, "position_ms": 1, "duration_ms": 100, "state": "buffering"}),
        ("video_quality_change", {"movie_id": movie_id, "from_quality": "480p", "to_quality": "1080p"}),
        ("video_complete", {"movie_id": movie_id, "duration_ms": 100, "watched_ms": 90}),
        ("custom", {"name": "midnight", "properties": {}}),
        ("page_leave", {**of_page, "dwell_ms": 5, "active_ms": 4, "scroll_percent": 100}),
    ]


def add(diary: Diary, calendar: Calendar) -> None:
    midnights(diary, calendar)
    silences(diary, calendar)
    sleepless(diary, calendar)
    ahead(diary, calendar)
    robots(diary, calendar)


def midnights(diary: Diary, calendar: Calendar) -> None:
    """Every type in the first and in the last millisecond of days, of months above all."""
    browser = Browser("a-midnight")
    for ago in {1, 7, *calendar.last_of_month()}:
        for midnight in (calendar.day(ago - 1), calendar.day(ago)):
            for name, at in (("u-early", midnight), ("u-late", midnight - 1)):
                for event_type, payload in one_of_each(diary, "tt-midnight"):
                    if at < calendar.now - MINUTE:
                        diary.write(at, browser, event_type, payload, user=name)


def silences(diary: Diary, calendar: Calendar) -> None:
    """Silences around half an hour, also over midnight, and a page that is named by the second event only."""
    browser = Browser("a-silence")
    for number, silence in enumerate((SILENCE - 1, SILENCE, SILENCE + 1)):
        for ago, hours in ((3, 12), (4, 23.75), (6, 23.5)):
            user = f"u-silence-{number}-{ago}"
            at = calendar.day(ago, hours)
            diary.write(at, browser, "custom", {"name": "start"}, user=user)
            diary.write(at + silence, browser, "click", {"element": "other"}, user=user, page_url="/second")
            diary.write(at + silence + 1, browser, "click", {"element": "other"}, user=user, page_url="/third")
            diary.write(at + 2 * silence + 1, browser, "custom", {"name": "end"}, user=user)


def sleepless(diary: Diary, calendar: Calendar) -> None:
    """Something every 25 minutes for more than three days: a session goes on to the end of the day after at most."""
    browser = Browser("a-sleepless")
    start = calendar.day(21, 7)
    for number in range(int(3.3 * DAY / (25 * MINUTE))):
        at = start + number * 25 * MINUTE
        payload = {"view_id": diary.random_id(), "page_type": "other"}
        diary.write(at, browser, "page_view", payload, user="u-sleepless", page_url=f"/{number}")


def ahead(diary: Diary, calendar: Calendar) -> None:
    """Clocks that are ahead, by up to a day: things of tomorrow, by people of today and by people of tomorrow only."""
    browser = Browser("a-ahead", dates_requests=False)
    tomorrow = calendar.day(-1)
    latest = calendar.now + DAY - 10 * SECOND
    received = (Delivery(calendar.now - SECOND, calendar.now - 2 * SECOND),)
    for user, hours in (("u-early", (0.0, 0.25)), ("u-tomorrow", (0.0,))):
        for begin in hours:
            for number, (event_type, payload) in enumerate(one_of_each(diary, "tt-tomorrow")):
                at = min(tomorrow + int(begin * HOUR) + number * SECOND, latest)
                diary.write(at, browser, event_type, payload, user=user, page_url="/ahead", deliveries=received)
    # A session that begins today, as its clock says, and goes on tomorrow.
    for at in (tomorrow - 1, tomorrow):
        if at <= latest:
            diary.write(at, browser, "custom", {"name": "over"}, user="u-over", deliveries=received)


def robots(diary: Diary, calendar: Calendar) -> None:
    """Robots do everything, on pages and films of people and on their own."""
    browser = Browser("a-robot", user_agent="Googlebot/2.1", is_bot=True)
    for ago in (2, 9, 44):
        for number in range(3):
            film = ("tt-midnight", "tt-robot", "tt000")[number]
            for second, (event_type, payload) in enumerate(one_of_each(diary, film)):
                diary.write(calendar.day(ago, 5 + number) + second * SECOND, browser, event_type, payload)
