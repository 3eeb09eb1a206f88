"""The oracle itself: ways through funnels that were walked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle.answers.funnel import funnel
from tests.unit.oracle.made import event, ledger, of

if TYPE_CHECKING:
    from tests.oracle.landing import Landed

TYPES: dict[str, tuple[str, dict[str, Any]]] = {
    "view": ("page_view", {"page_type": "movie"}),
    "click": ("click", {"element": "other"}),
    "trailer": ("click", {"element": "trailer"}),
    "beat": ("video_progress", {"state": "playing"}),
}


def way(who: str, *steps: tuple[int, str]) -> list[Landed]:
    """Events of a person, by the second of a minute."""
    return [event(TYPES[name][0], who, f"2026-03-10 12:00:{second:02}", **TYPES[name][1]) for second, name in steps]


CASES: dict[str, tuple[list[tuple[int, str]], list[str], int]] = {
    "one event is one step": ([(0, "click")], ["click", "click"], 1),
    "two events are two steps": ([(0, "click"), (1, "click")], ["click", "click"], 2),
    "the same moment will do": ([(0, "click"), (0, "view")], ["page_view", "click"], 2),
    "at the same moment each event is used where it fits": (
        [(0, "click"), (0, "trailer")], ["click", "click:trailer"], 2,
    ),
    "the order counts": ([(0, "click"), (1, "view")], ["page_view", "click"], 1),
    "others may lie between": ([(0, "view"), (1, "beat"), (2, "click")], ["page_view", "click"], 2),
    "the window's last moment is in it": ([(0, "view"), (10, "click")], ["page_view", "click"], 2),
    "a second later is not": ([(0, "view"), (11, "click")], ["page_view", "click"], 1),
    "the window is from the first step": (
        [(0, "view"), (9, "click"), (18, "beat")], ["page_view", "click", "video_progress"], 2,
    ),
    "a later go may be the better one": (
        [(0, "view"), (5, "view"), (6, "click"), (14, "beat")], ["page_view", "click", "video_progress"], 3,
    ),
    "two halves are no whole": (
        [(0, "view"), (1, "click"), (30, "click"), (31, "beat")], ["page_view", "click", "video_progress"], 2,
    ),
    "without the first there is no second": ([(0, "click")], ["page_view", "click"], 0),
}  # fmt: skip


@pytest.mark.parametrize(("events", "steps", "furthest"), CASES.values(), ids=CASES)
def test_a_person_gets_as_far_as_one_go_takes_them(
    events: list[tuple[int, str]], steps: list[str], furthest: int
) -> None:
    found = funnel(ledger(*way("u1", *events)), steps, 10, "2026-03-10", "2026-03-10")
    assert [row[2] for row in found.rows] == [1] * furthest + [0] * (len(steps) - furthest)


def test_shares_are_of_the_first_and_of_the_step_before_and_of_nobody_null() -> None:
    there = ledger(
        *way("u1", (0, "view"), (1, "trailer")), *way("u2", (0, "view")), *way("u3", (0, "view"), (1, "click"))
    )
    steps = ["page_view:movie", "click", "custom:x:y", "click:trailer"]
    found = funnel(there, steps, 60, "2026-03-10", "2026-03-10")
    assert of(found, "step", "active_users", "share_of_first", "share_of_previous") == [
        (1, 3, 1.0, None),
        (2, 2, 2 / 3, 2 / 3),
        (3, 0, 0.0, 0.0),
        (4, 0, 0.0, None),
    ]


def test_days_bound_the_way_and_robots_take_none() -> None:
    there = ledger(*way("u1", (0, "view")), event(at="2026-03-11 00:00:00", element="other"), event(is_bot=True))
    until = funnel(there, ["page_view", "click"], 10**6, "2026-03-10", "2026-03-10")
    assert [row[2] for row in until.rows] == [1, 0]
    longer = funnel(there, ["page_view", "click"], 10**6, "2026-03-09", "2026-03-11")
    assert [row[2] for row in longer.rows] == [1, 1]


def test_of_a_film_an_event_that_names_another_is_no_step_and_one_that_names_none_is() -> None:
    there = ledger(
        event("page_view", at="2026-03-10 12:00:00", page_type="movie", page_id="m"),
        event("page_view", at="2026-03-10 12:00:01", page_type="movie", page_id="other"),
        event("click", at="2026-03-10 12:00:02", element="trailer", element_id="other"),
        event("click", at="2026-03-10 12:00:03", element="category", element_id="other"),
        event("video_complete", at="2026-03-10 12:00:04", movie_id="other"),
        event("video_progress", at="2026-03-10 12:00:05", movie_id="m", state="playing"),
        event("custom", at="2026-03-10 12:00:06", name="x"),
    )
    for steps, people in (
        (["page_view", "click:category", "video_progress", "custom"], [1, 1, 1, 1]),
        (["page_view", "page_view"], [1, 0]),
        (["page_view", "click:trailer"], [1, 0]),
        (["page_view", "video_complete"], [1, 0]),
    ):
        found = funnel(there, steps, 60, "2026-03-10", "2026-03-10", movie_id="m")
        assert [row[2] for row in found.rows] == people
