"""The oracle itself: pages, searches and films, against answers that were worked out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle.answers import films, pages, searches, watching
from tests.unit.oracle.made import event, ledger, of

if TYPE_CHECKING:
    from tests.oracle.landing import Landed

VIEW = "22222222-2222-4222-8222-222222222222"
PAGE: dict[str, Any] = {"page_type": "promotion", "page_id": "summer"}


def view(at: str, who: str = "u1", view_id: str = VIEW) -> Landed:
    return event("page_view", who, at, view_id=view_id, **PAGE)


def leave(at: str, dwell_ms: int, who: str = "u1", view_id: str = VIEW, **fields: Any) -> Landed:
    return event("page_leave", who, at, view_id=view_id, dwell_ms=dwell_ms, **PAGE, **fields)


def beat(at: str, state: str = "playing", who: str = "u1", **fields: Any) -> Landed:
    return event("video_progress", who, at, movie_id="m", state=state, **fields)


def end(at: str, who: str = "u1", **fields: Any) -> Landed:
    return event("video_complete", who, at, movie_id="m", **fields)


def test_the_last_leave_says_how_a_page_was_left_in_every_field() -> None:
    there = ledger(
        view("2026-03-10 12:00:00"),
        leave("2026-03-10 12:00:30", 30_000, scroll_percent=20),
        leave("2026-03-10 12:00:10", 10_000, active_ms=9_000, scroll_percent=90),
    )
    visits = of(pages.page_visits(there), "left_at", "dwell_ms", "active_ms", "scroll_percent")
    assert visits == [("2026-03-10 12:00:30", 30_000, None, 20)]
    assert of(pages.pages_per_day(there), "views", "leaves", "dwell_ms", "active_ms") == [(1, 1, 30_000, 0)]
    dwell = of(pages.page_dwell(there), "leaves", "dwell_ms_p50", "active_ms_p50", "scroll_percent_avg")
    assert dwell == [(1, 30_000.0, None, 20.0)]


def test_a_page_is_left_on_the_day_of_its_last_leave_and_by_whoever_has_signed_in() -> None:
    there = ledger(
        view("2026-03-10 23:50:00", who="a1"),
        leave("2026-03-10 23:55:00", 300_000, who="a1"),
        leave("2026-03-11 00:05:00", 900_000, who="u1"),
        leave("2026-03-11 09:00:00", 7, view_id="33333333-3333-4333-8333-333333333333"),
    )
    assert of(pages.page_visits(there), "day", "identity", "dwell_ms") == [("2026-03-10", "a1", 900_000)]
    assert of(pages.pages_per_day(there), "day", "views", "active_users", "leaves", "dwell_ms") == [
        ("2026-03-10", 1, 1, 0, 0),
        ("2026-03-11", 0, 0, 2, 900_007),
    ]


def test_quantiles_lie_between_values() -> None:
    there = ledger(
        *(leave("2026-03-10 12:00:00", 10 * n, view_id=VIEW.replace("2222", f"222{n}")) for n in (1, 2, 3, 4))
    )
    (found,) = of(pages.page_dwell(there), "dwell_ms_p50", "dwell_ms_p90", "dwell_ms_p99")
    assert found == pytest.approx((25.0, 37.0, 39.7))


def test_click_through_is_people_by_people_and_null_without_viewers() -> None:
    there = ledger(
        *(event(who="u1", element="movie") for _ in range(3)),
        view("2026-03-10 12:00:00", "u1"),
        view("2026-03-10 13:00:00", "u2"),
        event(at="2026-03-11 12:00:00", element="movie"),
    )
    assert of(pages.click_through(there), "day", "clicks", "active_users", "viewers", "click_through") == [
        ("2026-03-10", 3, 1, 2, 0.5),
        ("2026-03-11", 1, 1, 0, None),
    ]


def test_searches_are_one_text_in_any_case_and_the_share_is_of_those_that_tell() -> None:
    there = ledger(
        event("search_filter", query="Drama", results_count=0),
        event("search_filter", query=" drama ", who="u2"),
        event("search_filter", query="DRAMA", results_count=4),
        event("search_filter", query="ЖАР", results_count=1),
        event("search_filter", genres=["x"]),
    )
    columns = ("query", "searches", "active_users", "without_results", "with_known_results")
    expected = [("", 1, 1, 0, 0), ("drama", 3, 2, 1, 2), ("жар", 1, 1, 0, 1)]
    assert of(searches.searches_per_day(there), *columns) == expected
    found = searches.searches_without_results(there)
    assert of(found, "query", "searches", "without_results", "without_results_share") == [("drama", 3, 1, 0.5)]


def test_filters_are_told_once_a_search_and_ranges_as_text() -> None:
    there = ledger(
        event("search_filter", genres=["Drama", "drama ", "War"], actors=["Ann"], rating_min=7, year_to=1999),
        event("search_filter", who="u2", genres=["drama"], rating_min=7.5, rating_max=10, year_from=1990, year_to=1990),
        event("search_filter", rating_max=0),
    )
    assert of(searches.search_filters_used(there), "filter", "value", "searches", "active_users") == [
        ("actor", "ann", 1, 1),
        ("genre", "drama", 2, 2),
        ("genre", "war", 1, 1),
        ("rating", "-0", 1, 1),
        ("rating", "7-", 1, 1),
        ("rating", "7.5-10", 1, 1),
        ("years", "-1999", 1, 1),
        ("years", "1990-1990", 1, 1),
    ]


def test_buffering_has_every_film_that_was_watched_and_leaves_pauses_out() -> None:
    there = ledger(
        beat("2026-03-10 12:00:00"),
        beat("2026-03-10 12:00:01", "buffering"),
        *(beat(f"2026-03-10 12:00:0{n}", "paused", who="u2") for n in (2, 3, 4)),
        end("2026-03-11 12:00:00", watched_ms=5),
        beat("2026-03-12 12:00:00", "paused"),
        event("page_view", page_type="movie", page_id="looked-at", view_id=VIEW),
        event("page_view", page_type="movie", view_id=VIEW),
    )
    columns = ("day", "heartbeats", "buffering_heartbeats", "buffering_share", "active_users", "buffering_users")
    assert of(films.buffering(there), *columns) == [
        ("2026-03-10", 2, 1, 0.5, 2, 1),
        ("2026-03-11", 0, 0, None, 1, 0),
        ("2026-03-12", 0, 0, None, 1, 0),
    ]
    of_films = ("day", "movie_id", "page_views", "active_users", "completions", "completed_watched_ms", "heartbeats")
    assert of(films.films_per_day(there), *of_films) == [
        ("2026-03-10", "looked-at", 1, 0, 0, 0, 0),
        ("2026-03-10", "m", 0, 2, 0, 0, 5),
        ("2026-03-11", "m", 0, 1, 1, 5, 0),
        ("2026-03-12", "m", 0, 1, 0, 0, 1),
    ]


def test_films_with_the_same_figures_share_a_place() -> None:
    there = ledger(
        *(event("video_complete", movie_id=name) for name in ("b", "c")),
        event("video_progress", movie_id="d", state="playing"),
        *(event("video_progress", who=who, movie_id="a", state="playing") for who in ("u1", "u2")),
        event("page_view", page_type="movie", page_id="e", view_id=VIEW),
    )
    places = of(films.top_films(there), "place", "movie_id")
    assert places == [(1, "a"), (2, "b"), (2, "c"), (4, "d"), (5, "e")]


def test_quality_goes_up_and_down_by_its_lines() -> None:
    there = ledger(
        *(
            event("video_quality_change", movie_id="m", from_quality=before, to_quality=after)
            for before, after in (("720p", "1080p"), ("1080p", "540p"), ("480p", "480p"), ("auto", "720p"))
        )
    )
    assert of(films.quality_changes(there), "from_quality", "direction", "automatic") == [
        ("1080p", "down", False),
        ("480p", "same", False),
        ("720p", "up", False),
        ("auto", "unknown", False),
    ]


def test_completion_is_told_on_the_day_of_the_start() -> None:
    there = ledger(
        beat("2026-03-10 12:00:00"), end("2026-03-12 12:00:00"), end("2026-03-13 12:00:00"),
        beat("2026-03-10 12:00:00", who="u2"), end("2026-03-11 12:00:00", who="u3"),
    )  # fmt: skip
    assert of(watching.completion(there), "day", "active_users", "finished_users", "completion_rate") == [
        ("2026-03-10", 2, 1, 0.5),
        ("2026-03-11", 1, 1, 1.0),
    ]


@pytest.mark.parametrize(
    ("position", "duration", "reached"),
    [(99, 1_000, 0), (100, 1_000, 1), (999, 1_000, 9), (1_000, 1_000, 10), (5_000, 1_000, 10), (5, 0, 0), (5, None, 0)],
)
def test_a_boundary_is_reached_at_its_very_position(position: int, duration: int | None, reached: int) -> None:
    told: dict[str, Any] = (
        {"position_ms": position} if duration is None else {"position_ms": position, "duration_ms": duration}
    )
    found = watching.percent_watched(ledger(beat("2026-03-10 12:00:00", **told)))
    assert sorted(row[2] for row in found.rows) == list(range(10, 101, 10))
    assert sum(row[3] for row in found.rows) == reached
    assert {row[4] for row in found.rows} == {1}


def test_a_completion_is_all_of_a_film_and_the_furthest_of_all_days_counts_on_the_first() -> None:
    there = ledger(
        beat("2026-03-10 12:00:00", position_ms=1, duration_ms=10),
        beat("2026-03-12 12:00:00", position_ms=3, duration_ms=10),
        end("2026-03-10 12:00:00", who="u2"),
    )
    found = of(watching.percent_watched(there), "percent", "active_users", "started_users")
    assert found[:4] == [(10, 2, 2), (100, 1, 2), (20, 2, 2), (30, 2, 2)]
    assert {row[1] for row in found[4:]} == {1}


@pytest.mark.parametrize(
    ("at", "started"),
    [("03-10 11:59:59.999", 0), ("03-10 12:00:00", 1), ("03-17 12:00:00", 1), ("03-17 12:00:00.001", 0)],
)
def test_a_film_is_started_from_the_click_on_its_trailer_to_exactly_seven_days_later(at: str, started: int) -> None:
    there = ledger(
        event(element="trailer", element_id="m"),
        event(at="2026-03-11 12:00:00", element="trailer", element_id="m"),
        event(element="trailer"),
        event(who="u2", element="movie", element_id="m"),
        end(f"2026-{at}"),
    )
    columns = ("day", "movie_id", "active_users", "started_users", "finished_users", "started_share")
    assert of(watching.trailer_to_film(there), *columns) == [("2026-03-10", "m", 1, started, started, float(started))]
