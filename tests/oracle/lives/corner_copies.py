"""Corners of copies: the same bytes again, over midnights and months, by wrong clocks; ids that two events share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.lives.corner_times import one_of_each
from tests.oracle.lives.deeds import Browser, Delivery, Diary, Phase
from tests.oracle.lives.times import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.oracle.lives.times import Calendar

RIGHT = Browser("a-copies")
WRONG = Browser("a-copies-wrong", skew_ms=40 * MINUTE)
LOST = Browser("a-copies-lost", skew_ms=-3_000 * DAY)
MINUTE_AND_A_HALF = 90 * SECOND


def add(diary: Diary, calendar: Calendar) -> None:
    repeated(diary, calendar)
    consumed_in_another_order(diary, calendar)
    shared_ids(diary, calendar)
    untold_times(diary, calendar)


def repeated(diary: Diary, calendar: Calendar) -> None:
    """The same bytes later: soon, after midnight, days later; and in a new request, sent at another time."""
    for ago in (3, 9, *(day for day in calendar.last_of_month() if day > 6)):
        for browser in (RIGHT, WRONG, LOST):
            for hours, gaps in ((23.99, (MINUTE_AND_A_HALF, 20 * MINUTE)), (10, (3 * HOUR, 2 * DAY))):
                for gap in gaps:
                    at = calendar.day(ago, hours)
                    first = Delivery(at + SECOND, at + SECOND - 50)
                    later = at + SECOND + gap
                    for copies in (
                        (first, Delivery(later, first.sent_at)),
                        (first, Delivery(later, later - 70)),
                        (Delivery(later, later - 70), Delivery(later + 7, first.sent_at), first),
                    ):
                        event_type, payload = diary.chance.choice(one_of_each(diary, "tt-copies"))
                        user = diary.chance.choice(("u-copies", None))
                        diary.write(at, browser, event_type, payload, user=user, page_url="/again", deliveries=copies)


def consumed_in_another_order(diary: Diary, calendar: Calendar) -> None:
    """The copy that was received first comes to ClickHouse last, when the other was counted, on another day even."""
    at = calendar.day(8, 10)
    for phase in (Phase.LATE, Phase.REFUSED):
        for browser in (RIGHT, WRONG):
            for event_type, payload in one_of_each(diary, "tt-order"):
                first = Delivery(at + SECOND, at + SECOND - 50, phase)
                second = Delivery(at + 3 * DAY, first.sent_at, Phase.HISTORY)
                diary.write(at, browser, event_type, payload, user=f"u-order-{phase.value}", deliveries=(first, second))


def shared_ids(diary: Diary, calendar: Calendar) -> None:
    """One id of two people, and of two types: none of them is hidden."""
    for ago in (1, 4, 34):
        at = calendar.day(ago, 11)
        for users, picked in ((("u-one", "u-two"), (1, 1)), (("u-one", "u-one"), (0, 1)), (("u-one", "u-two"), (3, 5))):
            event_id = diary.random_id()
            for number in (0, 1):
                event_type, payload = one_of_each(diary, "tt-shared")[picked[number]]
                received = at + SECOND + number * HOUR
                copies = (Delivery(received, received - 50), Delivery(received + MINUTE, received - 50))
                diary.write(
                    at,
                    RIGHT,
                    event_type,
                    payload,
                    user=users[number],
                    event_id=event_id,
                    page_url="/id",
                    deliveries=copies,
                )


def untold_times(diary: Diary, calendar: Calendar) -> None:
    """Events without a time of their own happened when they were received, the first time."""
    for ago in (2, 6, 39):
        for hours in (9, 23.99):
            at = calendar.day(ago, hours)
            copies = (Delivery(at + SECOND, at), Delivery(at + 20 * MINUTE, at), Delivery(at + DAY, at + DAY - 50))
            for event_type, payload in one_of_each(diary, "tt-untold"):
                diary.write(
                    at,
                    RIGHT,
                    event_type,
                    payload,
                    user="u-untold",
                    tells_time=False,
                    page_url="/now",
                    deliveries=copies,
                )
