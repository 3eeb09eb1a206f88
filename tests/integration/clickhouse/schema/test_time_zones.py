"""Every time zone that the API takes is one that ClickHouse converts by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.pipeline.time_zones import TIME_ZONES

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def test_zone_that_is_taken_is_one_that_clickhouse_knows(client: Client) -> None:
    known = {name for (name,) in client.query("SELECT time_zone FROM system.time_zones").result_rows}
    assert known >= TIME_ZONES
    # Browsers name none but IANA's own: what more the server knows are old names and files of its package.
    assert not {name for name in known - TIME_ZONES if name.startswith(("Europe/", "Asia/", "America/", "Africa/"))}
