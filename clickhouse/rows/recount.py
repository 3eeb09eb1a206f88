"""`recount`: days counted and cut again by hand, only those of which every row is there.

Refreshes count days again by themselves when they were written. This is for changes that write nothing into the landing
table: rows deleted by hand, a typed table that was changed or written again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clickhouse.connection.client import rows
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.rows import counting
from clickhouse.rows.counting import DAY, texts
from clickhouse.rows.reach import Reach
from common.names import LANDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from clickhouse_connect.driver.client import Client

_SHORT = """
SELECT day, counted_events, events
FROM ugc.days_written
WHERE day IN {days:Array(Date)} AND NOT is_whole
ORDER BY day
"""
_SHOWN = 5


def recount(client: Client, first: date, last: date, say: Callable[[str], None], *, what_is_left: bool) -> int:
    """Count and cut these days again; how many they were.

    UsageError for days that are not over. OperationError, before anything is done, for days of which rows have left by
    the landing table's term, and, unless `what_is_left` is to be counted, for days with fewer events than were counted.
    """
    if first > last:
        raise UsageError(f"{first} is after {last}")
    if last >= datetime.now(UTC).date():
        raise UsageError(f"{last} is not over: views count it, and the day before, when they are asked")
    days = [first + number * DAY for number in range((last - first).days + 1)]
    _refuse_gone(client, days, what_is_left=what_is_left)
    for table in counting.rollups(client):
        counting.count(client, table, days)
        say(f"{table}: {len(days)} days counted")
    counting.cut(client, days)
    say(f"{counting.SESSIONS}: {len(days)} days cut")
    return len(days)


def count_from(client: Client, table: str, days: Iterable[date]) -> None:
    """Count these days again in the rollups that are made from a typed table, which was written by hand."""
    over = {day for day in days if day < datetime.now(UTC).date()}
    reach = Reach(client)
    for rollup in counting.rollups_from(client, table):
        counting.count(client, rollup, reach.landed(over))


def _refuse_gone(client: Client, days: list[date], *, what_is_left: bool) -> None:
    left = sorted(set(days) - Reach(client).kept(days, [LANDING]))
    if left:
        raise OperationError(
            f"nothing was counted: rows of {_listed(left)} have left {LANDING}, or begin to, and a part of a day must "
            "not replace what was counted when it was whole"
        )
    short = rows(client, _SHORT, days=texts(days))
    if short and not what_is_left:
        each = ", ".join(
            f"{row['day']} ({row['counted_events']:,} events were counted, {row['events']:,} are there)"
            for row in short[:_SHOWN]
        )
        more = f" and {len(short) - _SHOWN} more days" if len(short) > _SHOWN else ""
        raise OperationError(
            f"nothing was counted: events of {each}{more} are gone. --what-is-left counts the others, and forgets those"
        )


def _listed(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
