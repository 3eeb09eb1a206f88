"""Views against answers that were worked out by hand, over events that cross midnight and come twice."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.connection.client import rows
from clickhouse.schema import refreshes
from tests.integration.clickhouse.conftest import land

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FIRST = datetime.now(tz=UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
LAST_DAY = FIRST - timedelta(days=1)  # of the month before


def event(identity: str, occurred_at: datetime, event_type: str = "click", **payload: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "identity": identity,
        "key_time": occurred_at.timestamp(),
        "occurred_at": occurred_at.timestamp(),
        "received_at": occurred_at.timestamp(),
        "inserted_at": occurred_at.timestamp(),
        "payload": payload,
    }


@pytest.fixture(scope="module", autouse=True)
def fixture(client: Client) -> None:
    midnight_before = FIRST - timedelta(milliseconds=1)
    ann_late = event("ann", midnight_before)
    # the same click, sent again with a clock that was corrected into the next month: it happened before, and only then
    ann_corrected = {**ann_late, "occurred_at": FIRST.timestamp(), "received_at": FIRST.timestamp() + 5}
    land(client, ann_late, event("bob", LAST_DAY), event("bob", LAST_DAY + timedelta(hours=1)))
    land(client, ann_corrected, event("cleo", midnight_before), event("bob", FIRST + timedelta(minutes=1)))
    leaves = [
        event(
            "dan", FIRST, "page_leave", view_id=str(uuid.uuid4()), page_type="movie", dwell_ms=dwell, scroll_percent=far
        )
        for dwell, far in ((1000, 50), (2000, None), (3000, 100))
    ]
    land(client, *leaves)
    land(client, {**leaves[0], "received_at": FIRST.timestamp() + 9})
    fresh = event("eve", datetime.now(tz=UTC) - timedelta(seconds=1), "video_complete", movie_id="tt1", duration_ms=1)
    land(client, {**fresh, "inserted_at": fresh["received_at"] + 0.25})
    refreshes.settle(client)


def test_daily_active_users_counts_each_person_once_on_the_day_of_the_first_copy(client: Client) -> None:
    found = rows(client, "SELECT day, active_users FROM analytics.daily_active_users ORDER BY day")
    by_day: dict[date, int] = {row["day"]: row["active_users"] for row in found}
    assert by_day[LAST_DAY.date()] == 3, "ann, whose click came again later; bob twice, cleo"
    expected = 2 + (datetime.now(tz=UTC).date() == FIRST.date())
    assert by_day[FIRST.date()] == expected, "bob, dan"


def test_monthly_active_users_counts_each_person_once_a_month(client: Client) -> None:
    found = rows(client, "SELECT month, active_users FROM analytics.monthly_active_users ORDER BY month")
    assert [(row["month"], row["active_users"]) for row in found] == [
        (LAST_DAY.replace(day=1).date(), 3),
        (FIRST.date(), 3),
    ]


def test_page_dwell_has_quantiles_of_each_leave_once(client: Client) -> None:
    (row,) = rows(client, "SELECT * FROM analytics.page_dwell")
    assert row == {
        "day": FIRST.date(),
        "page_type": "movie",
        "leaves": 3,
        "dwell_ms_p50": 2000,
        "dwell_ms_p90": pytest.approx(2800),
        "dwell_ms_p99": pytest.approx(2980),
        "active_ms_p50": None,
        "scroll_percent_avg": 75,
    }


def test_pipeline_freshness_tells_age_and_lag_of_the_types_seen_lately(client: Client) -> None:
    (row,) = rows(client, "SELECT * FROM analytics.pipeline_freshness WHERE event_type = 'video_complete'")
    assert 0 <= row["seconds_since_last"] < 300
    assert (row["events_last_hour"], row["events_last_day"]) == (1, 1)
    assert row["lag_ms_p50"] == pytest.approx(250)
