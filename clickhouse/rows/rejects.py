"""`errors list` and `errors replay`: what could not become an event, looked at and read again.

A message that could not be parsed is in `ugc.events_errors` as a whole, with its good lines; and a line that was
refused may be accepted once the consumer has been repaired. `replay` reads every line again with the very expressions
of `ugc.events_mv`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from clickhouse.connection.client import rows
from clickhouse.rows import landing
from clickhouse.schema import catalog

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_WHERE = """
    kafka_timestamp >= {since:DateTime64(3, 'UTC')} AND kafka_timestamp < {until:DateTime64(3, 'UTC')}
    AND (positionCaseInsensitiveUTF8(error, {text:String}) > 0 OR positionCaseInsensitiveUTF8(raw, {text:String}) > 0)
"""
_LIST = f"""
SELECT kafka_timestamp, kafka_partition, kafka_offset, error, raw
FROM ugc.events_errors FINAL
WHERE {_WHERE}
ORDER BY kafka_timestamp DESC, kafka_offset DESC
LIMIT {{limit:UInt32}}
"""  # noqa: S608 - own constants, values are bound
_COUNT = f"SELECT count() AS n FROM ugc.events_errors FINAL WHERE {_WHERE}"  # noqa: S608
# Line by line, as the queue would have read it: a JSON string gives its text, anything else its JSON.
_FIELD = """multiIf(
        JSONType(line, '{name}') = 'String', JSONExtractString(line, '{name}'),
        JSONType(line, '{name}') = 'Null', '',
        JSONExtractRaw(line, '{name}')
    ) AS {name}"""
_LINES = """(
SELECT
    {fields},
    _topic, _partition, _offset, _timestamp_ms, '' AS _error, '' AS _raw_message
FROM
(
    SELECT
        trimBoth(arrayJoin(splitByChar('\\n', raw))) AS line,
        kafka_topic AS _topic,
        kafka_partition AS _partition,
        kafka_offset AS _offset,
        if(toUnixTimestamp64Milli(kafka_timestamp) = 0, inserted_at, kafka_timestamp) AS _timestamp_ms
    FROM ugc.events_errors FINAL
    WHERE {where}
)
WHERE isValidJSON(line) AND JSONType(line) = 'Object'
)"""


class Filter(Struct, frozen=True):
    """Which rows: from `since` on, before `until` (when the message was produced), with `text` in error or raw."""

    since: datetime = _FIRST
    until: datetime = _LAST
    text: str = ""

    def parameters(self) -> dict[str, Any]:
        """The values as the server reads them."""
        times = {"since": self.since, "until": self.until}
        return {**{name: _as_text(time) for name, time in times.items()}, "text": self.text}


class Replayed(Struct, frozen=True):
    """`rows` error rows were read; `events` of their lines are events that were not in the landing table."""

    rows: int
    events: int


def listed(client: Client, wanted: Filter, limit: int) -> list[dict[str, Any]]:
    """The newest rows, at most `limit`."""
    return rows(client, _LIST, limit=limit, **wanted.parameters())


def replay(client: Client, wanted: Filter, *, dry_run: bool) -> Replayed:
    """Write what can be read now into the landing table; with `dry_run` only count. A second run finds nothing."""
    names = catalog.wire_columns(catalog.consumer_select(client, "events_mv", "q"))
    fields = ",\n    ".join(_FIELD.format(name=name) for name in names)
    source = catalog.consumer_select(client, "events_mv", _LINES.format(fields=fields, where=_WHERE))
    given = wanted.parameters()
    (row,) = rows(client, _COUNT, **given)
    bring = landing.count_new if dry_run else landing.insert_new
    return Replayed(rows=int(row["n"]), events=bring(client, source, **given))


def _as_text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
