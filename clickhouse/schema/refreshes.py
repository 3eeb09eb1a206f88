"""Refreshable views on a server: refreshed at once, and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError
from common.waiting import wait_until

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_REFRESH_S = 900.0
_PROBE_INTERVAL_S = 0.1
_VIEWS = "SELECT database || '.' || view AS view FROM system.view_refreshes WHERE database = 'ugc' ORDER BY view"
# the views that tell which days wait: activity_days and its likes
_DAYS = (
    "SELECT 'ugc.' || table AS view FROM system.columns WHERE database = 'ugc' AND name = 'last_seen_at' ORDER BY view"
)


def refresh(client: Client, *views: str) -> None:
    """Have these refreshed now, one after the other; all there are when none is named."""
    for view in views or [row["view"] for row in rows(client, _VIEWS)]:
        execute(client, f"SYSTEM REFRESH VIEW {view}")
        execute(client, f"SYSTEM WAIT VIEW {view}")


def settle(client: Client) -> None:
    """Refresh until every day is counted that can be: a refresh takes only as many days as fit into its memory."""
    before = None
    while waiting := _waiting(client):
        if waiting == before:
            raise OperationError(f"{waiting} days wait to be counted, and a refresh does not count them")
        before = waiting
        refresh(client)


def _waiting(client: Client) -> int:
    """In how many rollups days wait, each counted, that were written since they were counted."""
    waiting = 0
    for row in rows(client, _DAYS):
        query = f"SELECT count() AS n FROM {row['view']} WHERE is_whole AND written_at > last_seen_at"  # noqa: S608
        waiting += rows(client, query)[0]["n"]
    return waiting


def wait(client: Client) -> None:
    """Until every refresh is over that runs now: one that began before writes what it read before."""
    running = _running(client)

    def all_ended() -> bool:
        running.intersection_update(_running(client))
        return not running

    if running and not wait_until(all_ended, _REFRESH_S, every_s=_PROBE_INTERVAL_S):
        names = ", ".join(sorted(running))
        raise OperationError(f"{names}: still being refreshed after {_REFRESH_S:g} s; run it again")


def _running(client: Client) -> set[str]:
    found = rows(client, "SELECT view FROM system.view_refreshes WHERE database = 'ugc' AND status LIKE 'Running%'")
    return {f"ugc.{row['view']}" for row in found}
