"""Corners of pages and searches: several leaves, leaves without a view, people who sign in between, letter case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.lives.deeds import Browser, Diary
from tests.oracle.lives.times import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.oracle.lives.times import Calendar


def add(diary: Diary, calendar: Calendar) -> None:
    leaves(diary, calendar)
    pages(diary, calendar)
    searches(diary, calendar)
    namesakes(diary, calendar)


def leaves(diary: Diary, calendar: Calendar) -> None:
    """Openings that are left in all the ways there are."""
    browser = Browser("a-leaves")

    def opening(name: str, at: int | None, *left: tuple[int, dict[str, Any]], who: str | None = "u-leaves") -> None:
        page = {"view_id": diary.random_id(), "page_type": "promotion", "page_id": name}
        if at is not None:
            diary.write(at, browser, "page_view", page, user="u-leaves", page_url=f"/{name}")
        for left_at, fields in left:
            diary.write(left_at, browser, "page_leave", {**page, **fields}, user=who, page_url=f"/{name}")

    for ago in (1, 8, 30):
        noon = calendar.day(ago, 12)
        opening("never", noon)
        opening("once", noon + 1, (noon + 5_001, {"dwell_ms": 5_000}))
        # The second leave is the last one, though the first knows more and is larger in one field.
        first = {"dwell_ms": 10_000, "active_ms": 9_000, "scroll_percent": 90}
        opening("twice", noon + 2, (noon + 10_002, first), (noon + 30_002, {"dwell_ms": 30_000, "scroll_percent": 20}))
        opening("unopened", None, (noon + 7, {"dwell_ms": 7}))
        opening("as-guest", noon + 3, (noon + 9_003, {"dwell_ms": 9_000}), who=None)
        evening = calendar.day(ago, 23.9)
        opening(
            "over-midnight",
            evening,
            (evening + MINUTE, {"dwell_ms": MINUTE, "active_ms": 1}),
            (evening + HOUR, {"dwell_ms": HOUR, "active_ms": 2}),
        )
        opening("morning-after", evening + 1, (evening + HOUR + 1, {"dwell_ms": HOUR}))
        # Left on the day after the next one: a tab that was forgotten, of a length that is cut to a day.
        opening("forgotten", calendar.day(ago + 2, 8), (calendar.day(ago, 9), {"dwell_ms": DAY}))


def pages(diary: Diary, calendar: Calendar) -> None:
    """Pages of films that name no film, one view id that is used twice, clicks without a page."""
    browser = Browser("a-pages")
    for ago in (2, 10, 41):
        noon = calendar.day(ago, 13)
        diary.write(noon, browser, "page_view", {"view_id": diary.random_id(), "page_type": "movie"}, user="u-pages")
        again = {"view_id": diary.random_id(), "page_type": "movie", "page_id": "tt-again"}
        diary.write(noon + SECOND, browser, "page_view", again, user="u-pages")
        diary.write(noon + 9 * SECOND, browser, "page_view", again, user="u-pages")
        diary.write(noon + 12 * SECOND, browser, "page_leave", {**again, "dwell_ms": 3_000}, user="u-pages")
        diary.write(noon, Browser("a-clicker"), "click", {"element": "navigation"})
    # A day on which somebody clicks and nobody opens a page: no share.
    diary.write(calendar.day(calendar.days + 1, 1), Browser("a-clicker"), "click", {"element": "category"})


def searches(diary: Diary, calendar: Calendar) -> None:
    """The same text in several spellings, of which some searches found nothing and others do not say."""
    browser = Browser("a-searches")
    for ago in (2, 11, 38):
        at = calendar.day(ago, 14)
        for number, (query, found) in enumerate(
            (("Drama", 0), ("drama ", None), (" DRAMA", 5), ("dRaMa", None), ("  ", 0), (None, None), ("Unknown", None))
        ):
            payload: dict[str, Any] = {"genres": [" Drama", "drama", "WAR"], "actors": ["ANN Lee ", "ann lee"]}
            if query is not None:
                payload["query"] = query
            if found is not None:
                payload["results_count"] = found
            diary.write(at + number, browser, "search_filter", payload, user="u-searches")
        ranges: tuple[dict[str, float], ...] = (
            {"rating_min": 7, "rating_max": 7},
            {"rating_min": 7.5},
            {"rating_max": 0},
            {"rating_min": 0, "rating_max": 10},
            {"year_from": 1990, "year_to": 1990},
            {"year_to": 1870},
        )
        for number, chosen in enumerate(ranges):
            diary.write(at + MINUTE + number, browser, "search_filter", dict(chosen), user="u-searches")


def namesakes(diary: Diary, calendar: Calendar) -> None:
    """A browser whose own id is the name of a user: one identity, signed in at some events and not at others."""
    for ago in (5, 12, 37):
        noon = calendar.day(ago, 15)
        diary.write(noon, Browser("u-name"), "custom", {"name": "guest"})
        diary.write(noon + HOUR, Browser("a-name"), "custom", {"name": "user"}, user="u-name")
        diary.write(noon - DAY, Browser("u-name"), "custom", {"name": "guest"})
        odd = """u-o'brien \\n "%" ü"""
        diary.write(noon, Browser("a-odd"), "custom", {"name": "quoted '\\"}, user=odd, page_url="/?q='\\n&ä=%27")
