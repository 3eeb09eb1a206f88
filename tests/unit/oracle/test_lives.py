"""The lives are as messy as they should be, and the same for the same seed; and the way in is as the docs say."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

import pytest

from tests.oracle.landing import Landed, land
from tests.oracle.lives.deeds import Browser, Deed, Phase
from tests.oracle.lives.generator import EVENTS, generate
from tests.oracle.lives.late import LATE_DAYS
from tests.oracle.lives.times import DAY, HOUR, MINUTE, SECOND, Calendar
from tests.oracle.posts import Post
from tests.unit.oracle.made import ms

NOW = ms("2026-03-20 15:00:00")
CALENDAR = Calendar(NOW)
ID = "44444444-4444-4444-8444-444444444444"


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    return generate(1, NOW)


@pytest.fixture(scope="module")
def landed(posts: list[Post]) -> list[Landed]:
    return land(posts)


def key(row: Landed) -> tuple[str, str, str]:
    return row.row["event_id"], row.row["event_type"], row.row["identity"]


def test_a_seed_is_a_life() -> None:
    one, again, other = (generate(seed, NOW, 2_000) for seed in (3, 3, 4))
    assert [post.body() for post in one] == [post.body() for post in again]
    assert [post.body() for post in one] != [post.body() for post in other]


@pytest.mark.parametrize("hour", [0.01, 12, 23.99])
def test_there_are_about_so_many_events_at_any_hour(hour: float) -> None:
    rows = land(generate(2, CALENDAR.day(0, hour), 8_000))
    assert 7_500 < len(rows) < 8_900
    assert len({row.row["event_type"] for row in rows}) == 8
    assert all(row.row["received_at"] <= CALENDAR.day(0, hour) for row in rows)


def test_there_are_as_many_events_as_were_asked_for(landed: list[Landed]) -> None:
    assert 0.95 * EVENTS < len(landed) < 1.05 * EVENTS


def test_copies_differ_in_time_and_agree_in_key_and_fall_on_other_days_and_months(landed: list[Landed]) -> None:
    copies: dict[tuple[str, str, str], list[Landed]] = defaultdict(list)
    for row in landed:
        copies[key(row)].append(row)
    repeated = [rows for rows in copies.values() if len(rows) > 1]
    assert len(repeated) > 1_000
    for rows in repeated:
        assert len({row.row["key_time"] for row in rows}) == 1
        assert len({row.row["received_at"] for row in rows}) == len(rows)
        assert len({row.payload() for row in rows}) == 1
    moved = [rows for rows in repeated if len({row.row["occurred_at"] // DAY for row in rows}) > 1]
    assert len(moved) > 20
    late_firsts = [
        rows
        for rows in repeated
        if min(rows, key=lambda row: row.row["received_at"]).phase in {Phase.LATE, Phase.REFUSED}
    ]
    assert len(late_firsts) > 20


def test_ids_are_shared_by_people_and_by_types(landed: list[Landed]) -> None:
    people, types = defaultdict(set), defaultdict(set)
    for row in landed:
        people[row.row["event_id"]].add(row.row["identity"])
        types[row.row["event_id"]].add(row.row["event_type"])
    assert any(len(found) > 1 for found in people.values())
    assert any(len(found) > 1 for found in types.values())


def test_clocks_are_wrong_in_all_ways(landed: list[Landed]) -> None:
    assert sum(row.row["key_time"] == 0 for row in landed) > 50
    ahead = [row for row in landed if row.row["occurred_at"] >= CALENDAR.day(-1)]
    assert len({row.row["event_type"] for row in ahead}) == 8
    assert all(row.row["occurred_at"] - row.row["received_at"] <= DAY for row in ahead)
    edges = Counter(row.row["occurred_at"] % DAY for row in landed)
    assert edges[0] > 20
    assert edges[DAY - 1] > 20


def test_what_comes_late_is_of_nine_days_and_what_is_refused_of_up_to_forty_five(landed: list[Landed]) -> None:
    def days(phase: Phase) -> set[int]:
        return {(CALENDAR.today + DAY - 1 - row.row["occurred_at"]) // DAY for row in landed if row.phase is phase}

    assert days(Phase.LATE) == set(LATE_DAYS)
    assert max(days(Phase.REFUSED)) == 45
    # Readers count a few days that are not counted ahead yet, so what has just come is of a few days.
    assert len(days(Phase.RECENT)) <= 9


def test_a_body_is_what_a_browser_posts(posts: list[Post]) -> None:
    batch = next(post for post in posts if post.sent_at is not None and len(post.deeds) > 1)
    body = json.loads(batch.body())
    assert batch.path.endswith("/batch")
    assert body["sent_at"] == batch.sent_at
    assert [event["event_id"] for event in body["events"]] == [deed.event_id for deed in batch.deeds]
    single = next(post for post in posts if post.path == "/api/v1/events")
    assert json.loads(single.body())["event_type"] == single.deeds[0].event_type


@dataclass(frozen=True)
class Way:
    """How one event came, and what was made of its time: `occurred` and `key` are from when it happened."""

    skew: int = 0
    delay: int = SECOND
    id_of_its_time: bool = False
    occurred: int = 0
    key: int | None = 0


WAYS = {
    "a right clock": Way(),
    "a clock that is slow by less than five minutes": Way(-298 * SECOND, occurred=-298 * SECOND, key=-298 * SECOND),
    "a clock that is slow by more": Way(-299 * SECOND, occurred=SECOND, key=-299 * SECOND),
    "the same bytes three days later": Way(delay=3 * DAY, occurred=3 * DAY),
    "a clock of another month": Way(40 * DAY, occurred=SECOND, key=None),
    "a clock of another month, and an id of this one": Way(40 * DAY, id_of_its_time=True, occurred=SECOND),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_times_are_corrected_as_the_docs_say(way: Way) -> None:
    at = NOW - 10 * DAY
    event_id = f"{at >> 16:08x}-{at & 0xFFFF:04x}-7000-8000-000000000001" if way.id_of_its_time else ID
    deed = Deed(at, Browser("a1", skew_ms=way.skew), "click", {"element": "movie"}, event_id)
    sent = at + MINUTE
    (row,) = land([Post(sent + way.delay, sent + way.skew, deed.browser, (deed,), Phase.HISTORY)])
    assert row.row["occurred_at"] == at + way.occurred
    assert row.row["key_time"] == (0 if way.key is None else at + way.key)


def test_an_event_without_a_time_happened_when_it_was_received_and_an_id_counts_once_in_a_batch() -> None:
    browser = Browser("a1")
    first = Deed(NOW - HOUR, browser, "click", {"element": "movie"}, ID, tells_time=False)
    second = Deed(NOW - HOUR, browser, "click", {"element": "other"}, first.event_id, user_id="u1")
    (row,) = land([Post(NOW, NOW, browser, (first, second), Phase.HISTORY)])
    assert (row.row["occurred_at"], row.row["key_time"], row.row["identity"]) == (NOW, 0, "a1")
