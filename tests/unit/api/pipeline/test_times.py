"""The rules about time: what is read, corrected, refused, and what a repeated request cannot change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.pipeline import times

if TYPE_CHECKING:
    from tests.unit.api.conftest import Service

NOW = 1_700_000_000_456
DAY = 86_400_000


def _wire(service: Service, event: dict[str, Any], **batch: Any) -> dict[str, Any]:
    service.sink.messages.clear()
    answer = service.batch([event], **batch) if batch else service.event(event)
    assert answer.status_code == 202, answer.text
    wire: dict[str, Any]
    [wire] = service.sink.events()
    return wire


@pytest.mark.parametrize(
    ("sent", "milliseconds"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-14T22:13:20.1239Z", 1_700_000_000_123),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
        ("2023-11-14T12:43:20-09:30", 1_700_000_000_000),
    ],
)
def test_time_is_read_as_rfc_3339_or_epoch_milliseconds(
    service: Service, click: dict[str, Any], sent: Any, milliseconds: int
) -> None:
    assert _wire(service, {**click, "occurred_at": sent})["occurred_at"] == milliseconds


@pytest.mark.parametrize(
    "sent",
    [
        "2023-11-14T22:13:20",
        "2023-11-14",
        "14.11.2023",
        "",
        "1700000000123",
        1.5,
        True,
        -1,
        10**20,
        [],
        "2023-02-30T00:00:00Z",
    ],
)
def test_time_in_another_form_is_refused_with_the_forms(service: Service, click: dict[str, Any], sent: Any) -> None:
    answer = service.event({**click, "occurred_at": sent})
    assert answer.status_code == 400
    assert answer.json["detail"].startswith("$.occurred_at: expected RFC 3339 with an offset, such as")


def test_time_without_offset_is_refused_and_told_why(service: Service, click: dict[str, Any]) -> None:
    answer = service.event({**click, "occurred_at": "2023-11-14T22:13:20"})
    assert answer.json["detail"].endswith('got "2023-11-14T22:13:20", which has no offset')


def test_time_received_stands_for_a_missing_one(service: Service, click: dict[str, Any]) -> None:
    assert _wire(service, click)["occurred_at"] == NOW


@pytest.mark.parametrize("seconds", [0, 1, 1_700_000_000, 1_700_000_000 - 7200, 99_999_999_999, 1_700_000_000.5])
def test_seconds_are_refused_by_name_in_whichever_field_they_stand(
    service: Service, click: dict[str, Any], seconds: float
) -> None:
    said = f"got {seconds}, which is in seconds: multiply it by 1000"
    answer = service.event({**click, "occurred_at": seconds})
    assert answer.status_code == 400
    assert answer.json["detail"].endswith(said)
    answer = service.batch([click], sent_at=seconds)
    assert answer.status_code == 400
    assert answer.json["detail"].startswith("$.sent_at: ")
    assert answer.json["detail"].endswith(said)
    both = service.batch([{**click, "occurred_at": seconds}], sent_at=seconds)
    assert both.status_code == 400
    assert service.sink.messages == []


def test_the_clock_of_a_device_that_has_none_is_corrected(service: Service, click: dict[str, Any]) -> None:
    event = {**click, "occurred_at": "1970-01-01T00:01:00Z"}
    assert _wire(service, event, sent_at="1970-01-01T00:03:00Z")["occurred_at"] == NOW - 120_000


@pytest.mark.parametrize("delay", [-299_999, -90_000, 1, 20_000, 90_000, 299_999])
def test_delay_is_not_taken_for_a_wrong_clock(service: Service, click: dict[str, Any], delay: int) -> None:
    event = {**click, "occurred_at": NOW - delay - 700}
    assert _wire(service, event, sent_at=NOW - delay)["occurred_at"] == NOW - delay - 700


def test_a_late_batch_stays_before_a_later_one(service: Service, click: dict[str, Any]) -> None:
    first = _wire(service, {**click, "occurred_at": NOW - 20_500}, sent_at=NOW - 20_000)
    second = _wire(service, {**click, "occurred_at": NOW - 1_000}, sent_at=NOW)
    assert first["occurred_at"] < second["occurred_at"]


def test_the_same_bytes_sent_again_after_90_seconds_do_not_move_the_event(
    service: Service, click: dict[str, Any]
) -> None:
    event = {**click, "occurred_at": NOW - 3_000}
    times_seen = set()
    for service.now in (NOW, NOW + 90_000):
        times_seen.add(_wire(service, event, sent_at=NOW)["occurred_at"])
    assert times_seen == {NOW - 3_000}


@pytest.mark.parametrize("clock_error", [-400 * DAY, -3_600_000, -300_000, 0, 300_000, 3_600_000, 400 * DAY])
def test_sent_at_corrects_the_senders_clock(service: Service, click: dict[str, Any], clock_error: int) -> None:
    event = {**click, "occurred_at": NOW + clock_error - 60_000}
    assert _wire(service, event, sent_at=NOW + clock_error)["occurred_at"] == NOW - 60_000


@pytest.mark.parametrize(
    ("age", "status"), [(30 * DAY, 202), (30 * DAY + 1, 400), (-DAY, 202), (-DAY - 1, 400), (365 * DAY, 400)]
)
def test_implausible_time_is_refused(service: Service, click: dict[str, Any], age: int, status: int) -> None:
    answer = service.event({**click, "occurred_at": NOW - age})
    assert answer.status_code == status
    assert len(service.sink.messages) == (1 if status == 202 else 0)


def test_plausibility_is_judged_after_the_correction(service: Service, click: dict[str, Any]) -> None:
    right_clock = {**click, "occurred_at": NOW - 31 * DAY}
    assert service.batch([right_clock], sent_at=NOW).status_code == 400
    assert service.batch([right_clock], sent_at=NOW - 30 * DAY).status_code == 202


def _ms(text: str) -> int:
    return times.epoch_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize("midnight", ["2023-11-15T00:00:00", "2023-12-01T00:00:00", "2024-01-01T00:00:00"])
@pytest.mark.parametrize("event_id", ["0190a6a0-5c52-4000-8000-000000000001", None])
def test_repeated_batch_keeps_its_key_time_around_midnight_and_month_ends(
    service: Service, click: dict[str, Any], midnight: str, event_id: str | None
) -> None:
    turn = _ms(midnight)
    event = {**click, "occurred_at": turn - 1, "event_id": event_id}
    seen = set()
    corrected = set()
    for attempt, delay in enumerate((0, 2_000, 86_400_000)):
        service.now = turn + delay
        wire = _wire(service, event, sent_at=turn - 700 + attempt * 500)
        seen.add(wire["key_time"])
        corrected.add(wire["occurred_at"])
    assert seen == {turn - 1}
    # a delay of two seconds is none of the clock's, one of a day is taken for it
    assert len(corrected) == 2


@pytest.mark.parametrize(
    ("occurred", "event_id", "expected"),
    [
        (NOW - 45 * DAY, None, NOW - 45 * DAY),
        (NOW + 15 * DAY, None, NOW + 15 * DAY),
        (NOW - 45 * DAY - 1, (NOW - DAY) << 80 | 7 << 76 | 2 << 62, NOW - DAY),
        (NOW + 15 * DAY + 1, (NOW - DAY) << 80 | 7 << 76 | 2 << 62, NOW - DAY),
        (None, (NOW - DAY) << 80 | 7 << 76 | 2 << 62, NOW - DAY),
        (None, (NOW - 46 * DAY) << 80 | 7 << 76 | 2 << 62, 0),
        (None, (NOW - DAY) << 80 | 4 << 76 | 2 << 62, 0),
        (None, (NOW - DAY) << 80 | 7 << 76, 0),
        (None, None, NOW),
        (0, None, NOW),
        (0, 1, 0),
    ],
)
def test_key_time_rests_on_what_a_retry_repeats(occurred: int | None, event_id: int | None, expected: int) -> None:
    assert times.key_time(sent_occurred_at=occurred, event_id=event_id, received_at=NOW) == expected
