"""`erase`: a person, or everything before a time, out of every stored table; counted before, confirmed after.

- Events and typed rows go by user_id and anonymous_id; what could not become an event, when its text has the id.
- Rollups and sessions made from them are made again from the rows that stay (`erased_numbers.py`), under other
  identities, too: what a browser did belongs to the person who was signed in, if anybody was.
- With only `--before`, rollups stay: they are meant to outlive the rows.

Kafka is not touched: what it still keeps it keeps until its own retention is over, and a `replay` would bring it back.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.queue import consumer
from clickhouse.rows import erased_numbers
from clickhouse.rows.reach import Reach
from clickhouse.schema import refreshes
from common.names import QUEUE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_STORED = """
SELECT 'ugc.' || name AS table, groupArray(column) AS columns
FROM system.tables AS t
INNER JOIN (SELECT table, name AS column FROM system.columns WHERE database = 'ugc') AS c ON c.table = t.name
WHERE t.database = 'ugc' AND t.engine LIKE '%MergeTree' AND t.name NOT LIKE 'schema_versions%'
    AND t.name NOT LIKE '.%'
GROUP BY name
ORDER BY name
"""
_PERSON = "(user_id IN {users:Array(String)} OR anonymous_id IN {anonymous:Array(String)})"
# no subquery: ClickHouse refuses one in a mutation of a replicated table
_HASH = "has(arrayMap(identity -> cityHash64(identity), {people:Array(String)}), identity_hash)"
_IDENTITY = "identity IN {people:Array(String)}"
_RAW = "match(raw, {pattern:String})"
_ROLLUP = "_per_day"
# Bots are in no count. So what is to be deleted leaves the counts first, and its rows still tell what must be counted
# again.
_MARK = "ALTER TABLE {table} UPDATE is_bot = true WHERE NOT is_bot AND {condition} SETTINGS mutations_sync = 2"
_DELETE = "ALTER TABLE {table} DELETE WHERE {condition} SETTINGS mutations_sync = 2"
_PAIRS = """
SELECT DISTINCT if(user_id != '', user_id, anonymous_id) AS identity, toDate(occurred_at) AS day
FROM {table}
WHERE {condition}
    OR identity IN {{people:Array(String)}}
    AND ({{at_any_time:Bool}} OR occurred_at < {{before:DateTime64(3, 'UTC')}})
"""


class Request(Struct, frozen=True):
    """Who, by the ids of one person or several; when `before` is given, only what happened before it."""

    users: tuple[str, ...] = ()
    anonymous: tuple[str, ...] = ()
    before: datetime | None = None

    def check(self) -> None:
        """Raise UsageError when it would erase nothing or, by an empty id, everybody who has none."""
        if not (self.users or self.anonymous or self.before):
            raise UsageError("say whom: --user-id ID, --anonymous-id ID (each as often as needed), or --before TIME")
        if "" in {*self.users, *self.anonymous}:
            raise UsageError("an empty id is nobody: it is the user_id of every event without sign-in")

    @property
    def is_person(self) -> bool:
        return bool(self.users or self.anonymous)


class Part(Struct, frozen=True):
    """One table, which of its rows to delete (a condition with bound parameters), and how many they are."""

    table: str
    condition: str
    rows: int
    columns: frozenset[str]

    @property
    def is_made(self) -> bool:
        """Whether it was made from rows of other tables."""
        return bool(self.columns & {"identity_hash", "started_at"})

    @property
    def holds_events(self) -> bool:
        return {"user_id", "anonymous_id", "occurred_at"} <= self.columns


def plan(client: Client, request: Request) -> list[Part]:
    """Every stored table that the request is about, with counts; tables without such rows count 0."""
    request.check()
    parts = []
    for row in rows(client, _STORED):
        columns = frozenset(row["columns"])
        condition = _condition(request, row["table"], columns)
        if condition:
            parts.append(Part(row["table"], condition, _count(client, row["table"], condition, request), columns))
    return parts


def erase(client: Client, request: Request, parts: list[Part]) -> list[str]:
    """Delete, correct rollups and sessions, and check; what the operator has to know about what is left.

    Every step may run again, so another run completes an interrupted one. OperationError when rows are left: events of
    the person came in meanwhile.
    """
    given = _parameters(request)
    notes: list[str] = []
    if request.is_person:
        for part in parts:
            if part.rows and "is_bot" in part.columns:
                execute(client, _MARK.format(table=part.table, condition=part.condition), **given)
        refreshes.wait(client)
        _delete(client, [part for part in parts if part.is_made], given)
        pairs = _pairs(client, request, parts)
        if pairs:
            notes = erased_numbers.correct(client, pairs)
        _delete(client, [part for part in parts if not part.is_made], given)
    else:
        # before anything is deleted: what goes is no reason to doubt what stays
        where = erased_numbers.around(Reach(client), _boundary(request))
        _delete(client, [part for part in parts if not part.is_made], given)
        refreshes.wait(client)
        _delete(client, [part for part in parts if part.is_made], given)
        erased_numbers.cut(client, where)
    left = {part.table: _count(client, part.table, part.condition, request) for part in parts if not part.is_made}
    remaining = [f"{table} {number}" for table, number in left.items() if number]
    if remaining:
        raise OperationError(
            f"rows came in while it was erasing: {', '.join(remaining)}. Run it again; `python -m clickhouse pause` "
            "first keeps new ones out"
        )
    return [*notes, *_still_elsewhere(client, request)]


def _delete(client: Client, parts: list[Part], given: dict[str, Any]) -> None:
    for part in parts:
        # a rollup or session may have been made since the rows were counted
        if part.rows or part.is_made:
            execute(client, _DELETE.format(table=part.table, condition=part.condition), **given)


def _pairs(client: Client, request: Request, parts: list[Part]) -> set[tuple[str, date]]:
    """Whose numbers on which days change, as far as the rows tell.

    With a browser's id, also those of the people who were signed in there; and everything of those who share an
    identity with the person, as a browser whose id is somebody's user_id does.
    """
    found = {(identity, day) for identity in (*request.users, *request.anonymous) for day in _boundary(request)}
    for part in parts:
        if part.holds_events:
            query = _PAIRS.format(table=part.table, condition=part.condition)
            found |= {(row["identity"], row["day"]) for row in rows(client, query, **_parameters(request))}
    return found


def _boundary(request: Request) -> set[date]:
    """The day of which only a part is deleted."""
    if request.before is None or request.before > datetime.now(UTC):
        return set()
    return {request.before.astimezone(UTC).date()}


def _still_elsewhere(client: Client, request: Request) -> list[str]:
    """Where else events of the person may be, unknown to any table."""
    if not request.is_person:
        return []
    notes = ["Kafka has its messages until its own retention is over: erase again after a replay"]
    if consumer.is_detached(client):
        notes.append(f"{QUEUE} is paused: erase again when `resume` has read what waits in Kafka")
    if rows(client, "SELECT 1 FROM system.tables WHERE database = 'ugc' AND name = 'events_replay_rows'"):
        notes.append("a replay is under way, or was interrupted: erase again when one has ended")
    return notes


def _condition(request: Request, table: str, columns: frozenset[str]) -> str:
    """Which rows of this table to delete; '' for none."""
    if "raw" in columns:
        conditions = [_RAW] if request.is_person else []
        time = "kafka_timestamp < {before:DateTime64(3, 'UTC')}"
    elif {"user_id", "anonymous_id"} <= columns:
        conditions = [_PERSON] if request.is_person else []
        time = "occurred_at < {before:DateTime64(3, 'UTC')}"
    elif "identity_hash" in columns and table.endswith(_ROLLUP):
        if not request.is_person:
            return ""
        # a day of which a part is deleted is deleted as a whole, and counted again
        conditions, time = [_HASH], "day <= toDate({before:DateTime64(3, 'UTC')} - INTERVAL 1 MILLISECOND)"
    elif {"identity", "started_at"} <= columns:
        conditions = [_IDENTITY] if request.is_person else ["identity != ''"]
        time = "started_at < {before:DateTime64(3, 'UTC')}"
    else:
        return ""
    if request.before is not None:
        conditions.append(time)
    return " AND ".join(conditions)


def _count(client: Client, table: str, condition: str, request: Request) -> int:
    query = f"SELECT count() AS n FROM {table} WHERE {condition}"  # noqa: S608 - a closed list; values are bound
    (row,) = rows(client, query, **_parameters(request))
    return int(row["n"])


def _parameters(request: Request) -> dict[str, Any]:
    before = request.before or datetime(1970, 1, 1, tzinfo=UTC)
    return {
        "users": list(request.users),
        "anonymous": list(request.anonymous),
        "people": [*request.users, *request.anonymous],
        "pattern": _pattern(request),
        "at_any_time": request.before is None,
        "before": before.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
    }


def _pattern(request: Request) -> str:
    """RE2 that finds the ids in text that may be cut off, or be JSON inside JSON: `"user_id": "x"`, also escaped."""
    found = []
    for field, ids in (("user_id", request.users), ("anonymous_id", request.anonymous)):
        for each in ids:
            spellings = {json.dumps(each, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
            spellings |= {json.dumps(spelling, ensure_ascii=False)[1:-1] for spelling in spellings}
            values = "|".join(sorted(_re2(spelling) for spelling in spellings))
            found.append(rf'{field}\\*"\s*:\s*\\*"?(?:{values})(?:\\*"|[\s,}}]|$)')
    return "|".join(found)


def _re2(text: str) -> str:
    """The text as a pattern that matches only itself, in RE2's syntax."""
    return re.sub(r"[^\w]", lambda match: f"\\x{{{ord(match[0]):x}}}", text, flags=re.ASCII)
