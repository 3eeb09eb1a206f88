"""The oracle itself: readers, activity, sessions and operations, against answers that were worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.oracle.answers import activity, operations, readers, sessions
from tests.unit.oracle.made import TODAY, event, ledger, of

ID = "11111111-1111-4111-8111-111111111111"
TOMORROW = "2026-03-21 00:00:00"


@pytest.mark.parametrize("order", [1, -1])
def test_the_copy_that_was_received_first_is_shown_in_whatever_order_they_come(order: int) -> None:
    copies = [
        event(at="2026-03-11 00:00:30", received="2026-03-11 00:00:30", event_id=ID, element="movie"),
        event(at="2026-03-10 23:59:00", received="2026-03-10 23:59:00", event_id=ID, element="movie"),
        event(at="2026-03-13 09:00:00", received="2026-03-13 09:00:00", event_id=ID, element="movie"),
    ]
    there = ledger(*copies[::order])
    assert of(readers.events(there), "occurred_at") == [("2026-03-10 23:59:00",)]
    assert of(activity.daily_active_users(there), "day", "events") == [("2026-03-10", 1)]


def test_a_second_event_under_an_id_is_shown_when_it_is_another_persons_or_of_another_type() -> None:
    there = ledger(
        event(who="u1", event_id=ID, element="movie"),
        event(who="u2", event_id=ID, element="movie"),
        event("custom", who="u1", event_id=ID, name="x"),
    )
    assert of(readers.events(there), "event_type", "identity") == [("click", "u1"), ("click", "u2"), ("custom", "u1")]
    assert of(readers.typed(there, "clicks"), "identity") == [("u1",), ("u2",)]


def test_readers_have_robots_and_tomorrow_and_empty_values_for_what_was_not_given() -> None:
    there = ledger(event(is_bot=True, element="other"), event(at=TOMORROW, element="movie", x=7))
    found = of(readers.typed(there, "clicks"), "element", "element_id", "x", "is_bot")
    assert found == [("movie", "", 7, False), ("other", "", None, True)]
    search = ledger(event("search_filter", genres=["a", "b"]))
    assert of(readers.typed(search, "search_filters"), "query", "genres", "actors") == [("", ["a", "b"], [])]


def test_a_journey_is_one_identitys_in_the_order_of_time() -> None:
    there = ledger(event(at="2026-03-10 12:00:01.500"), event(at="2026-03-10 12:00:00", is_bot=True), event(who="u2"))
    journey = readers.user_journey(there, "u1")
    assert of(journey, "occurred_at", "seconds_since_previous") == [
        ("2026-03-10 12:00:00", None),
        ("2026-03-10 12:00:01.500000", 1.5),
    ]


def test_days_weeks_and_months_count_people_once_and_neither_robots_nor_tomorrow() -> None:
    there = ledger(
        event(at="2026-03-08 23:59:59.999", who="u1"),  # a Sunday
        event(at="2026-03-09 00:00:00", who="u1"),
        event(at="2026-03-09 12:00:00", who="u1", guest=True),
        event(at="2026-03-09 12:00:00", who="a1", guest=True),
        event(at="2026-03-09 12:00:00", who="robot", is_bot=True),
        event(at=TOMORROW, who="u9"),
    )
    days = of(activity.daily_active_users(there), "day", "active_users", "signed_in_users", "events")
    assert days == [("2026-03-08", 1, 1, 1), ("2026-03-09", 2, 1, 3)]
    weeks = of(activity.weekly_active_users(there), "week", "active_users", "events")
    assert weeks == [("2026-03-02", 1, 1), ("2026-03-09", 2, 3)]
    assert of(activity.monthly_active_users(there), "month", "active_users", "events") == [("2026-03-01", 2, 4)]
    people = of(activity.activity_per_day(there), "day", "events", "signed_in")
    assert people == [("2026-03-08", 1, 1), ("2026-03-09", 1, 0), ("2026-03-09", 2, 1)]
    new = of(activity.new_and_returning_users(there), "day", "active_users", "new_users", "returning_users")
    assert new == [("2026-03-08", 1, 1, 0), ("2026-03-09", 2, 1, 1)]


def test_stickiness_looks_back_and_tells_when_it_cannot_look_back_thirty_days() -> None:
    there = ledger(
        event(at="2026-02-01 10:00:00", who="u1"),
        event(at="2026-03-01 10:00:00", who="u2"),
        event(at="2026-03-02 10:00:00", who="u3"),
        event(at="2026-03-03 10:00:00", who="u3"),
        event(at="2026-03-09 10:00:00", who="u4"),
    )
    columns = ("day", "active_users", "active_users_7d", "active_users_30d", "stickiness", "has_30_days")
    assert of(activity.stickiness(there), *columns) == [
        ("2026-02-01", 1, 1, 1, 1.0, False),
        ("2026-03-01", 1, 1, 2, 0.5, False),
        ("2026-03-02", 1, 2, 3, 1 / 3, True),
        ("2026-03-03", 1, 2, 2, 0.5, True),  # the 1st of February is 30 days back
        ("2026-03-09", 1, 2, 3, 1 / 3, True),  # the 2nd is 7 days back, the 3rd 6
    ]


def test_retention_has_a_zero_for_a_day_without_anybody_and_tells_that_today_is_not_over() -> None:
    there = ledger(
        event(at="2026-03-17 10:00:00", who="u1"),
        event(at="2026-03-17 10:00:00", who="u2"),
        event(at="2026-03-19 10:00:00", who="u2"),
        event(at=f"{TODAY} 01:00:00", who="u1"),
        event(at="2026-03-16 10:00:00", who="u3"),
    )
    columns = ("cohort", "day_number", "cohort_users", "active_users", "share", "is_over")
    assert of(activity.retention(there, "2026-03-17", "2026-03-18"), *columns) == [
        ("2026-03-17", 0, 2, 2, 1.0, True),
        ("2026-03-17", 1, 2, 0, 0.0, True),
        ("2026-03-17", 2, 2, 1, 0.5, True),
        ("2026-03-17", 3, 2, 1, 0.5, False),
    ]


def test_weekly_retention_is_of_people_whose_first_day_is_within_the_bounds() -> None:
    there = ledger(
        event(at="2026-03-01 10:00:00", who="u1"),  # a Sunday; TODAY is a Friday
        event(at="2026-03-02 10:00:00", who="u2"),
        event(at="2026-03-08 23:59:59", who="u3"),
        event(at="2026-03-16 10:00:00", who="u2"),
        event(at="2026-03-17 10:00:00", who="u2"),
        event(at="2026-03-19 10:00:00", who="u4"),
    )
    columns = ("cohort", "week_number", "cohort_users", "active_users", "share", "is_over")
    assert of(activity.weekly_retention(there, "2026-03-02", "2026-03-18"), *columns) == [
        ("2026-03-02", 0, 2, 2, 1.0, True),
        ("2026-03-02", 1, 2, 0, 0.0, True),
        ("2026-03-02", 2, 2, 1, 0.5, False),
    ]
    assert of(activity.weekly_retention(there, "2026-03-03", "2026-03-09"), *columns)[0][:4] == ("2026-03-02", 0, 1, 1)


def test_a_silence_of_half_an_hour_goes_on_and_one_millisecond_more_ends_it() -> None:
    there = ledger(
        event(at="2026-03-10 23:40:00", page_url=""),
        event("page_view", at="2026-03-11 00:10:00", page_url="/a"),
        event(at="2026-03-11 00:20:00", page_url="/b"),
        event(at="2026-03-11 00:50:00.001", page_url=""),
        event(at="2026-03-11 00:50:00.001", who="u2", page_url="/c"),
        event(at="2026-03-11 00:21:00", is_bot=True),
    )
    found = sessions.sessions(there)
    columns = ("day", "identity", "duration_ms", "events", "page_views", "entry_page", "exit_page")
    assert of(found, *columns) == [
        ("2026-03-10", "u1", 2_400_000, 3, 1, "/a", "/b"),
        ("2026-03-11", "u1", 0, 1, 0, "", ""),
        ("2026-03-11", "u2", 0, 1, 0, "/c", "/c"),
    ]


def test_who_never_pauses_has_a_new_session_at_the_end_of_the_day_after() -> None:
    times = [
        f"2026-03-{day} {hour:02}:{minute}:00" for day in (10, 11, 12) for hour in range(24) for minute in (10, 40)
    ]
    found = sessions.sessions(ledger(*(event(at=at) for at in times)))
    assert of(found, "started_at", "ended_at", "events") == [
        ("2026-03-10 00:10:00", "2026-03-11 23:40:00", 96),
        ("2026-03-12 00:10:00", "2026-03-12 23:40:00", 48),
    ]


def test_a_later_row_under_an_id_is_a_duplicate_on_its_own_day_and_of_its_own_type() -> None:
    def stored(event_id: str, event_type: str, key: str, received: str) -> operations.StoredRow:
        times = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (key, received))
        return operations.StoredRow(event_id, event_type, *times)

    found = operations.duplicates(
        [
            stored("a", "click", "2026-03-10", "2026-03-10T00:00:02"),
            stored("a", "click", "2026-03-10", "2026-03-10T00:00:01"),
            stored("a", "custom", "2026-03-10", "2026-03-10T00:00:03"),
            stored("b", "click", "2026-03-10", "2026-03-10T00:00:01"),
            stored("c", "custom", "2026-03-11", "2026-03-11T00:00:01"),
        ]
    )
    columns = ("day", "event_type", "stored_rows", "events", "duplicates")
    assert of(found, *columns) == [("2026-03-10", "click", 3, 2, 1), ("2026-03-10", "custom", 1, 0, 1)]


def test_an_error_is_counted_once_by_its_kind() -> None:
    def refused(hour: int, offset: int, error: str) -> operations.RefusedMessage:
        return operations.RefusedMessage(datetime(2026, 3, 10, hour, tzinfo=UTC), "t", 0, offset, error, "{")

    found = operations.ingestion_errors(
        [
            refused(1, 1, "Expected ',' at row 17"),
            refused(2, 2, "Expected 'x y' at row 4"),
            refused(2, 2, "Expected 'x y' at row 4"),
            refused(3, 3, "Unexpected end"),
        ]
    )
    columns = ("error", "errors", "first_at", "example_offset")
    assert of(found, *columns) == [
        ("expectedatrow", 2, "2026-03-10 01:00:00+00:00", 2),
        ("unexpectedend", 1, "2026-03-10 03:00:00+00:00", 3),
    ]
