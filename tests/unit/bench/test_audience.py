"""What the simulated audience does."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import msgspec
import pytest

from api.pipeline.decoding import decode_batch, decode_event
from bench.traffic.audience import Audience, Encoded, visits
from bench.traffic.catalog import Catalog
from bench.traffic.day import DAY_MS, Day
from bench.traffic.events import EVENT_TYPES
from bench.traffic.requests import LARGEST, SMALLEST, pack, pack_large


def _encoded(audience: Audience, count: int = 5_000) -> list[Encoded]:
    return [event for visit in visits(audience, count) for event in visit.events]


def _events(audience: Audience, count: int = 5_000) -> list[Any]:
    return [json.loads(event.body) for event in _encoded(audience, count)]


def _epoch_ms(event_id: str) -> int:
    return int(event_id.replace("-", "")[:12], 16)


def test_same_seed_run_and_day_give_the_same_bytes(audience: Audience) -> None:
    assert _encoded(audience) == _encoded(audience)


def test_another_run_does_the_same_under_other_ids(audience: Audience) -> None:
    other = msgspec.structs.replace(audience, run_id="other")
    ours, theirs = _events(audience), _events(other)
    assert {event["event_id"] for event in ours}.isdisjoint(event["event_id"] for event in theirs)
    for event in (*ours, *theirs):
        del event["event_id"], event["session_id"]
    assert ours == theirs


def test_another_seed_does_something_else(audience: Audience) -> None:
    other = msgspec.structs.replace(audience, seed=2)
    assert [event.event_type for event in _encoded(audience)] != [event.event_type for event in _encoded(other)]


def test_every_event_obeys_the_contract_as_the_api_reads_it(audience: Audience) -> None:
    for event in _encoded(audience):
        assert decode_event(event.body, {}).contradiction() is None


def test_every_batch_is_read_whole_by_the_api(audience: Audience) -> None:
    for request in pack(visits(audience, 2_000), seed=1):
        if request.route.endswith("batch"):
            batch = decode_batch(request.body("2027-01-01T00:00:00.000+00:00"))
            assert len(batch.events) == len(request.events)
            assert not batch.refused


def test_a_day_is_people_times_actions_and_ids_are_unique(audience: Audience) -> None:
    events = _events(audience)
    by_person = Counter(event.get("user_id") or event["anonymous_id"] for event in events)
    assert len(by_person) == audience.per_day
    assert set(by_person.values()) == {audience.actions}
    assert len({event["event_id"] for event in events}) == len(events)


def test_exactly_the_wanted_number_of_events_is_made(audience: Audience) -> None:
    assert [len(_encoded(audience, count)) for count in (1, 17, 5_001)] == [1, 17, 5_001]


def test_all_types_come_in_realistic_shares(audience: Audience) -> None:
    counts = Counter(event.event_type for event in _encoded(audience))
    shares = {name: counts[name] / counts.total() for name in EVENT_TYPES}
    assert min(shares.values()) > 0.01
    assert shares["page_view"] == shares["page_leave"]
    assert 0.2 < shares["page_view"] < 0.35
    assert 0.15 < shares["click"] < 0.3
    assert shares["video_complete"] < shares["video_progress"]


def test_some_are_logged_in_and_some_anonymous(audience: Audience) -> None:
    events = _events(audience)
    known = sum("user_id" in event for event in events) / len(events)
    anonymous_only = sum("user_id" not in event for event in events) / len(events)
    account_only = sum("anonymous_id" not in event for event in events) / len(events)
    assert 0.3 < known < 0.5
    assert 0.5 < anonymous_only < 0.7
    assert 0 < account_only < 0.1


def test_people_are_the_same_from_day_to_day(audience: Audience) -> None:
    agents: dict[str, set[str]] = defaultdict(set)
    for visit in visits(audience, 15_000):
        agents[visit.person.ip].add(visit.person.user_agent)
    assert all(len(of_one) == 1 for of_one in agents.values())
    assert len(agents) < 3 * audience.per_day


def test_dwell_is_the_time_between_view_and_leave(audience: Audience) -> None:
    text = [event for event in _events(audience) if isinstance(event["occurred_at"], str)]
    events = [event for event in _events(audience) if isinstance(event["occurred_at"], int)]
    assert text, "some clients write times as text"
    opened = {event["view_id"]: event for event in events if event["event_type"] == "page_view"}
    leaves = [event for event in events if event["event_type"] == "page_leave"]
    assert len(leaves) == len(opened)
    for leave in leaves:
        view = opened[leave["view_id"]]
        assert leave["dwell_ms"] == leave["occurred_at"] - view["occurred_at"]
        assert 0 <= leave["active_ms"] <= leave["dwell_ms"]
        assert leave["page_url"] == view["page_url"]


def test_what_is_watched_was_started_on_the_page_of_that_film(audience: Audience) -> None:
    for visit in visits(audience, 3_000):
        opened: set[str] = set()
        started: set[str] = set()
        for event in map(json.loads, (encoded.body for encoded in visit.events)):
            if event["event_type"] == "page_view" and event["page_type"] == "movie":
                opened.add(event["page_id"])
            elif event["event_type"] == "click":
                started.add(event.get("element_id"))
            elif "movie_id" in event:
                assert event["movie_id"] in opened & started
                assert event.get("position_ms", 0) <= event.get("duration_ms", DAY_MS)
                assert event.get("watched_ms", 0) <= event.get("duration_ms", DAY_MS)


@pytest.mark.parametrize("actions", [1, 2, 3, 10, 95])
def test_all_happens_within_the_day_and_ids_carry_the_time(audience: Audience, actions: int) -> None:
    some = msgspec.structs.replace(audience, actions=actions, per_day=60)
    for event in _events(some, 60 * actions):
        at_ms = _epoch_ms(event["event_id"])
        assert audience.day_end_ms - DAY_MS <= at_ms <= audience.day_end_ms
        if isinstance(event["occurred_at"], int):
            assert event["occurred_at"] == at_ms


def test_evenings_are_full_and_nights_are_quiet() -> None:
    noon = 1_800_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2
    day = Day(noon)
    hours = Counter(day.moment(number / 10_000, 0) // 3_600_000 % 24 for number in range(10_000))
    assert hours[19] > 8 * hours[3]
    assert len(hours) == 24


def test_few_films_take_most_of_the_clicks(audience: Audience) -> None:
    seen = Counter(event["movie_id"] for event in _events(audience) if "movie_id" in event)
    assert sum(count for _, count in seen.most_common(100)) > seen.total() / 2


def test_catalog_is_stable_for_a_seed() -> None:
    assert Catalog(7).films == Catalog(7).films
    assert Catalog(7).films != Catalog(8).films


def test_requests_are_of_one_to_five_kilobytes(audience: Audience) -> None:
    sizes = [len(request.body("2027-01-01T00:00:00.000+00:00")) for request in pack(visits(audience, 5_000), seed=1)]
    assert max(sizes) <= LARGEST
    # Only what is left of a visit beside events that went alone can be smaller.
    assert sum(size < SMALLEST for size in sizes) < len(sizes) / 100


def test_packing_neither_loses_nor_repeats_an_event(audience: Audience) -> None:
    made = sorted(_encoded(audience, 3_000))
    for requests in (pack(visits(audience, 3_000), seed=1), pack_large(visits(audience, 3_000), 200)):
        assert sorted(event for request in requests for event in request.events) == made


def test_both_routes_and_beacons_are_used(audience: Audience) -> None:
    requests = list(pack(visits(audience, 3_000), seed=1))
    assert {request.route for request in requests} == {"/api/v1/events", "/api/v1/events/batch"}
    assert {request.beacon for request in requests} == {False, True}


def test_large_requests_stay_under_the_limits_of_the_api(audience: Audience) -> None:
    requests = list(pack_large(visits(audience, 3_000), 1_000))
    assert max(len(request.events) for request in requests) == 500
    assert max(len(request.body("2027-01-01T00:00:00.000+00:00")) for request in requests) <= 1 << 20
