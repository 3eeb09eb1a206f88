"""Which days are whole: how far back tables certainly have every row of a day."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from clickhouse.connection.client import rows
from clickhouse.rows.counting import DAY, texts
from clickhouse.schema import catalog, retention
from common.names import LANDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clickhouse_connect.driver.client import Client

# A row of a day was received a day before it at the earliest: clocks may be 24 hours ahead. One more, for the time that
# it takes. The month is added as the TTL adds it: a day is not the same one backwards.
_KEPT = """
SELECT arrayJoin({days:Array(Date)}) AS day
WHERE addDays(addMonths(day - 1, {months:UInt32}), {term:UInt32}) > toDate(now('UTC')) + 1
"""
# Bots with the others: an erasure that was interrupted has marked rows as bots
_GONE = """
SELECT written.day AS day
FROM ugc.days_written AS written
LEFT JOIN
(
    SELECT toDate(occurred_at) AS day, count() AS rows, min(received_at) AS first
    FROM ugc.events
    WHERE toDate(occurred_at) IN {days:Array(Date)}
    GROUP BY day
) AS stored ON stored.day = written.day
WHERE written.day IN {days:Array(Date)}
    AND (
        written.counted_events > stored.rows + written.fewer
        OR (written.counted_events > 0 AND written.fewer = 0 AND stored.first > written.newest.4)
    )
"""


class Reach:
    """What the tables have, as it is when this is made."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._typed = sorted({typed.table for typed in catalog.on_server(client).values()})
        self._first_typed = self._first_left()

    @property
    def typed_tables(self) -> str:
        """A pattern of the names of all typed tables, as the views take it."""
        return f"^({'|'.join(table.removeprefix('ugc.') for table in self._typed)})$"

    def landed(self, days: Iterable[date]) -> set[date]:
        """Those of the days of which the landing table has every row.

        None can have left by its term, the first is there, and as many as were counted: terms do not tell what left
        while they were shorter, or was erased with `--before`.
        """
        kept = self.kept(days, [LANDING])
        return kept - {row["day"] for row in rows(self._client, _GONE, days=texts(kept))}

    def typed(self, days: Iterable[date]) -> set[date]:
        """Those of the days of which all typed tables have every row."""
        first = self._first_typed
        return self.kept({day for day in days if first is not None and day >= first}, self._typed)

    def kept(self, days: Iterable[date], tables: Iterable[str]) -> set[date]:
        """Those of the days of which no row can have left these tables by their terms."""
        left = set(days)
        for term in {retention.term(self._client, table) for table in tables}:
            if term is not None:
                given = {"days": texts(left), "months": term[0], "term": term[1]}
                left &= {row["day"] for row in rows(self._client, _KEPT, **given)}
        return left

    def _first_left(self) -> date | None:
        """The first day that typed tables have whole, as far as the rows themselves tell; None when there are none.

        When people were active before the oldest row, rows have left, and its day and the next are not certain.
        """
        oldest: list[date] = [
            row["day"]
            for table in self._typed
            for row in rows(self._client, f"SELECT toDate(minOrNull(received_at)) AS day FROM {table}")  # noqa: S608
            if row["day"] is not None
        ]
        (active,) = rows(self._client, "SELECT minOrNull(day) AS day FROM ugc.activity_per_day WHERE events > 0")
        if not oldest:
            return None
        if active["day"] is not None and active["day"] < min(oldest) - DAY:
            return min(oldest) + 2 * DAY
        return date(1970, 1, 1)
