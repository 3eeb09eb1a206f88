"""Corners of films: exactly seven days after a trailer, films that only end or only pause, boundaries, funnels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.lives.deeds import Browser, Diary
from tests.oracle.lives.times import DAY, HOUR, SECOND

if TYPE_CHECKING:
    from tests.oracle.lives.times import Calendar

WEEK = 7 * DAY
FUNNEL_WINDOW = 3_600 * SECOND


def add(diary: Diary, calendar: Calendar) -> None:
    trailers(diary, calendar)
    heartbeats(diary, calendar)
    boundaries(diary, calendar)
    steps(diary, calendar)


def beat(
    movie_id: str, state: str = "playing", position: int | None = 0, duration: int | None = 1_000
) -> dict[str, Any]:
    told = {"position_ms": position, "duration_ms": duration}
    return {"movie_id": movie_id, "state": state, **{name: value for name, value in told.items() if value is not None}}


def trailers(diary: Diary, calendar: Calendar) -> None:
    """Starts and ends around seven days after the first click on the trailer, and before it."""
    browser = Browser("a-trailers")
    clicked = calendar.day(20, 18) + 123
    offsets = {"at-once": 0, "before": -1, "last": WEEK, "too-late": WEEK + 1, "next-day": DAY}
    for name, offset in offsets.items():
        trailer = {"element": "trailer", "element_id": "tt-trailer"}
        diary.write(clicked, browser, "click", trailer, user=f"u-started-{name}")
        diary.write(clicked + offset, browser, "video_progress", beat("tt-trailer"), user=f"u-started-{name}")
        diary.write(clicked, browser, "click", trailer, user=f"u-finished-{name}")
        end = {"movie_id": "tt-trailer", "duration_ms": 1_000}
        diary.write(clicked + offset, browser, "video_complete", end, user=f"u-finished-{name}")
        # The first click counts, and from it the seven days.
        diary.write(clicked + DAY, browser, "click", trailer, user=f"u-finished-{name}")
        diary.write(clicked, browser, "click", {"element": "trailer"}, user=f"u-started-{name}")
        diary.write(clicked, browser, "click", {"element": "movie", "element_id": "tt-movie"}, user=f"u-started-{name}")


def heartbeats(diary: Diary, calendar: Calendar) -> None:
    """Films that end without a heartbeat, that are only paused, that only wait; and a film of a robot and a person."""
    browser = Browser("a-beats")
    for ago in (1, 13, 36):
        at = calendar.day(ago, 20)
        diary.write(at, browser, "video_complete", {"movie_id": "tt-ends", "duration_ms": 5}, user="u-beats")
        diary.write(at, browser, "video_progress", beat("tt-paused", "paused"), user="u-beats")
        diary.write(at, browser, "video_progress", beat("tt-waits", "buffering"), user="u-beats")
        for number, state in enumerate(("playing", "paused", "paused", "buffering", "playing")):
            diary.write(at + number, browser, "video_progress", beat("tt-mixed", state), user=f"u-beats-{number % 2}")


def boundaries(diary: Diary, calendar: Calendar) -> None:
    """Positions at and just below tenths of a film, beyond its end, of unknown length; ends without a beginning."""
    browser = Browser("a-bounds")
    at = calendar.day(15, 21)
    cases: tuple[tuple[int | None, int | None], ...] = (
        (0, 1_000), (99, 1_000), (100, 1_000), (101, 1_000), (299_999, 3_000_000), (300_000, 3_000_000), (999, 1_000),
        (1_000, 1_000), (5_000, 1_000), (5, 0), (0, 0), (None, 1_000), (500, None), (1, 3), (2, 3), (7, 10), (29, 100),
    )  # fmt: skip
    for number, (position, duration) in enumerate(cases):
        user = f"u-bound-{number}"
        diary.write(at, browser, "video_progress", beat("tt-bounds", "paused", position, duration), user=user)
        # Further on an earlier day decides the day, and the furthest of all decides how far.
        diary.write(at + 2 * DAY, browser, "video_progress", beat("tt-bounds", position=450), user="u-bound-0")
    diary.write(at, browser, "video_complete", {"movie_id": "tt-bounds", "duration_ms": 1}, user="u-bound-end")
    diary.write(at - 3 * DAY, browser, "video_progress", beat("tt-bounds"), user="u-bound-end")


def steps(diary: Diary, calendar: Calendar) -> None:
    """Ways through funnels: one event for two steps, the same millisecond, the last moment, another order, two goes."""
    browser = Browser("a-steps")
    at = calendar.day(16, 23.5)
    view = {"page_type": "movie", "page_id": "tt-steps"}
    page = ("page_view", lambda: {"view_id": diary.random_id(), **view})
    trailer = ("click", lambda: {"element": "trailer", "element_id": "tt-steps"})
    play = ("video_progress", lambda: beat("tt-steps"))
    end = ("video_complete", lambda: {"movie_id": "tt-steps", "duration_ms": 1_000})
    ways = {
        "one-click": ((0, trailer),),
        "two-clicks": ((0, trailer), (1, trailer)),
        "same-moment": ((0, page), (0, trailer), (0, play), (0, end)),
        "backwards": ((0, end), (1, play), (2, trailer), (3, page)),
        "last-moment": ((0, page), (5, trailer), (10, play), (FUNNEL_WINDOW, end)),
        "too-late": ((0, page), (5, trailer), (10, play), (FUNNEL_WINDOW + 1, end)),
        "second-go": (
            (0, page),
            (SECOND, page),
            (2 * SECOND, trailer),
            (FUNNEL_WINDOW + 1, play),
            (FUNNEL_WINDOW + 2, end),
        ),
        "two-halves": ((0, page), (1, trailer), (5 * HOUR, play), (5 * HOUR + 1, end)),
    }
    for name, way in ways.items():
        for offset, (event_type, payload) in way:
            diary.write(at + offset, browser, event_type, payload(), user=f"u-way-{name}")
    diary.write(at, browser, "custom", {"name": "ab:variant"}, user="u-way-custom")
    diary.write(at + 1, browser, "custom", {"name": "ab"}, user="u-way-custom")
