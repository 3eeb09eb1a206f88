"""What has landed, in DuckDB, and the tables that every answer begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa

from tests.oracle.lives.times import as_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.oracle.landing import Landed

COLUMNS: Final = {
    "event_type": pa.string(),
    "event_id": pa.string(),
    "key_time": pa.int64(),
    "occurred_at": pa.int64(),
    "received_at": pa.int64(),
    "identity": pa.string(),
    "user_id": pa.string(),
    "anonymous_id": pa.string(),
    "session_id": pa.string(),
    "page_url": pa.string(),
    "referrer": pa.string(),
    "user_agent": pa.string(),
    "ip": pa.string(),
    "locale": pa.string(),
    "timezone": pa.string(),
    "screen_width": pa.int32(),
    "screen_height": pa.int32(),
    "app_version": pa.string(),
    "is_bot": pa.bool_(),
    "kafka_topic": pa.string(),
    "kafka_partition": pa.int64(),
    "kafka_offset": pa.int64(),
    "kafka_timestamp": pa.int64(),
}

# Of several copies of an event the one that was received first counts, in whatever order they came. A second event
# under the same id, but of another person or type, is an event of its own.
_FIRST_COPIES: Final = """
CREATE VIEW events AS
SELECT * EXCLUDE (key_time, occurred_at, received_at, kafka_timestamp),
    epoch_ms(key_time) AS key_time,
    epoch_ms(occurred_at) AS occurred_at,
    epoch_ms(received_at) AS received_at,
    epoch_ms(kafka_timestamp) AS kafka_timestamp,
    epoch_ms(occurred_at)::DATE AS day
FROM landed
QUALIFY row_number() OVER (PARTITION BY event_id, event_type, identity ORDER BY landed.received_at) = 1
"""

# Views that count people leave bots out, and days that have not begun: an event of tomorrow, by a clock that is ahead,
# is counted when its day comes.
_COUNTED: Final = "CREATE VIEW counted AS SELECT * FROM events WHERE NOT is_bot AND day <= $today"


@dataclass(frozen=True)
class Table:
    """The rows of an answer. `divided` columns hold quotients, and `json` columns text that is compared as JSON."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    divided: frozenset[str] = field(default_factory=frozenset)
    json: frozenset[str] = field(default_factory=frozenset)


class Ledger:
    """Rows that have landed by now, and the day that is today."""

    def __init__(self, landed: Iterable[Landed], today: int) -> None:
        """`today` is the midnight with which it began, in milliseconds."""
        self.today = as_datetime(today).date()
        self._connection: Any = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.register("landed_rows", _arrow(landed))
        self._connection.execute("CREATE TABLE landed AS SELECT * FROM landed_rows")
        self._connection.execute(_FIRST_COPIES)
        self._connection.execute(
            "CREATE TABLE kept AS SELECT * FROM events; DROP VIEW events; ALTER TABLE kept RENAME TO events"
        )
        self._connection.execute(_COUNTED.replace("$today", f"DATE '{self.today}'"))

    def ask(self, query: str, *, divided: Iterable[str] = (), json: Iterable[str] = (), **parameters: Any) -> Table:
        """The answer to a query of DuckDB; `$name` in it is a parameter."""
        cursor = self._connection.cursor()
        cursor.execute(query, parameters)
        columns = tuple(column[0] for column in cursor.description)
        return Table(columns, cursor.fetchall(), frozenset(divided), frozenset(json))

    def close(self) -> None:
        self._connection.close()


def _arrow(landed: Iterable[Landed]) -> pa.Table:
    rows = list(landed)
    columns = {name: pa.array([each.row[name] for each in rows], kind) for name, kind in COLUMNS.items()}
    return pa.table({**columns, "payload": pa.array([each.payload() for each in rows], pa.string())})
