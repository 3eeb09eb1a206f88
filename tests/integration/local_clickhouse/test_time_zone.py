"""Times are UTC, whatever the zone of the machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.local_clickhouse.process import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_YEAR = 1767225600  # 2026-01-01 00:00:00 UTC


@pytest.fixture(scope="module", params=["America/New_York", "Asia/Kathmandu", ":Pacific/Auckland"])
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("clickhouse"), TZ=request.param)
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("toUnixTimestamp(toDateTime('2026-01-01 00:00:00'))", str(NEW_YEAR)),
        ("toUnixTimestamp(toDateTime64('2026-01-01 00:00:00.5', 1))", str(NEW_YEAR)),
        ("toUnixTimestamp(parseDateTimeBestEffort('1 Jan 2026 00:00'))", str(NEW_YEAR)),
        (f"toString(toDateTime({NEW_YEAR}))", "2026-01-01 00:00:00"),
        (f"toDate(toDateTime({NEW_YEAR}))", "2026-01-01"),
        (f"toHour(toDateTime({NEW_YEAR})), toYYYYMM(toDateTime({NEW_YEAR}))", "0\t202601"),
        ("timezone(), serverTimezone(), timezoneOf(now())", "UTC\tUTC\tUTC"),
        ("toDateTime(toString(now())) = toDateTime(now(), 'UTC'), today() = toDate(now(), 'UTC')", "1\t1"),
        ("cast('2026-01-01 00:00:00', 'DateTime(\\'Europe/Berlin\\')')::UInt32", str(NEW_YEAR - 3600)),
    ],
)
def test_times_are_read_and_written_in_utc(elsewhere: Server, expression: str, value: str) -> None:
    assert elsewhere.sql(f"SELECT {expression}") == value


def test_now_and_today_are_those_of_utc(elsewhere: Server) -> None:
    before = time.gmtime()
    now, today = elsewhere.sql("SELECT now(), today()").split("\t")
    after = time.gmtime()
    assert time.strftime("%Y-%m-%d %H:%M:%S", before) <= now <= time.strftime("%Y-%m-%d %H:%M:%S", after)
    assert today in {time.strftime("%Y-%m-%d", before), time.strftime("%Y-%m-%d", after)}


@pytest.mark.parametrize("data", ["VALUES ('2026-01-01 00:00:00')", "FORMAT CSV\n2026-01-01 00:00:00\n"])
def test_times_that_are_inserted_are_in_utc(elsewhere: Server, data: str) -> None:
    elsewhere.sql("CREATE OR REPLACE TABLE times (at DateTime, day Date DEFAULT at) ENGINE = Memory")
    elsewhere.sql(f"INSERT INTO times (at) {data}")
    assert (
        elsewhere.sql("SELECT toUnixTimestamp(at), at, day FROM times")
        == f"{NEW_YEAR}\t2026-01-01 00:00:00\t2026-01-01"
    )
