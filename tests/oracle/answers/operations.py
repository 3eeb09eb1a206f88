"""What operators look at: copies that are stored, and what could not become an event."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oracle.answers.ledger import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True)
class StoredRow:
    """A row of the landing table, of which there may be copies until parts merge."""

    event_id: str
    event_type: str
    key_time: datetime
    received_at: datetime


@dataclass(frozen=True)
class RefusedMessage:
    """A row of the table of errors; a message that Kafka delivers again has the same place and text."""

    at: datetime
    topic: str
    partition: int
    offset: int
    error: str
    raw: str


def duplicates(stored: Iterable[StoredRow]) -> Table:
    """One row per day of key_time and type of event that has any: rows that are stored, events that they are.

    An event is an id. It counts where it was received first; a row under the same id that came later is a duplicate
    on its own day and under its own type, also when that is another than the first one's.
    """
    rows = list(stored)
    first: dict[str, StoredRow] = {}
    for row in sorted(rows, key=lambda row: row.received_at):
        first.setdefault(row.event_id, row)
    stored_rows: dict[tuple[Any, str], int] = defaultdict(int)
    events: dict[tuple[Any, str], int] = defaultdict(int)
    for row in rows:
        stored_rows[row.key_time.date(), row.event_type] += 1
    for row in first.values():
        events[row.key_time.date(), row.event_type] += 1
    counted = [(*where, number, events[where], number - events[where]) for where, number in stored_rows.items()]
    return Table(("day", "event_type", "stored_rows", "events", "duplicates"), [row for row in counted if row[-1]])


def ingestion_errors(refused: Iterable[RefusedMessage]) -> Table:
    """One row per day on which messages were produced and kind of error; a message counts once.

    The kind is the message of the error with its numbers and its quoted parts taken out.
    """
    kinds: dict[tuple[Any, str], set[RefusedMessage]] = defaultdict(set)
    for message in refused:
        kinds[message.at.date(), kind_of(message.error)].add(message)
    rows = []
    for (day, kind), messages in kinds.items():
        times = sorted(message.at for message in messages)
        last = max(messages, key=lambda message: (message.at, message.partition, message.offset))
        rows.append((day, kind, len(messages), times[0], times[-1], last.topic, last.partition, last.offset))
    columns = ("day", "error", "errors", "first_at", "last_at", "example_topic", "example_partition", "example_offset")
    return Table(columns, rows)


def kind_of(error: str) -> str:
    """The words of an error alone: what stands for a number or a quoted part in the view is no letter."""
    unquoted = "".join(error.split("'")[::2])
    return "".join(letter for letter in unquoted.lower() if letter.isalpha())
