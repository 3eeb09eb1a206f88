"""Every time zone that the API takes is one that ClickHouse converts by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.pipeline.time_zones import TIME_ZONES

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def test_zones_that_are_taken_are_those_that_clickhouse_knows(client: Client) -> None:
    assert {name for (name,) in client.query("SELECT time_zone FROM system.time_zones").result_rows} == TIME_ZONES
