"""`erase`: a person, or everything before a time, out of every stored table; counted before, confirmed after.

- Events and typed rows go by user_id and anonymous_id; what could not become an event, when its text has the id.
- Rollups count: those that know people forget the person, the others count the person's days anew, as far back as the
  rows still tell. With only `--before`, rollups stay: they are what outlives the rows.

Kafka is not touched: what it still keeps it keeps until its own retention is over, and a `replay` would bring it back.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from clickhouse.client import execute, rows
from clickhouse.errors import OperationError, UsageError

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
_HASH = "identity_hash IN (SELECT cityHash64(arrayJoin({people:Array(String)})))"
_IDENTITY = "identity IN {people:Array(String)}"
_RAW = "match(raw, {pattern:String})"
_ROLLUP = "_per_day"
# One time for all rows of a day: readers take those of its newest count. The second only marks the day as counted.
_RECOUNT = (
    """
    INSERT INTO {name}
    SELECT *, {{at:DateTime64(3, 'UTC')}} FROM {name}_live WHERE day IN {{days:Array(Date)}}
    """,
    """
    INSERT INTO {name} (day, refreshed_at)
    SELECT arrayJoin({{days:Array(Date)}}), {{at:DateTime64(3, 'UTC')}}
    """,
    """
    ALTER TABLE {name}
    DELETE WHERE day IN {{days:Array(Date)}} AND refreshed_at < {{at:DateTime64(3, 'UTC')}}
    SETTINGS mutations_sync = 2
    """,
)


class Request(Struct, frozen=True):
    """Who, by the ids of one person or of several; and, when `before` is given, only what happened before it."""

    users: tuple[str, ...] = ()
    anonymous: tuple[str, ...] = ()
    before: datetime | None = None

    def check(self) -> None:
        """Raise UsageError when it would erase nothing or, by an empty id, everybody who has none."""
        if not (self.users or self.anonymous or self.before):
            raise UsageError("say whom: --user-id ID, --anonymous-id ID (each as often as needed), or --before TIME")
        if "" in {*self.users, *self.anonymous}:
            raise UsageError("an empty id is no person: every event without sign-in has one")

    @property
    def is_person(self) -> bool:
        return bool(self.users or self.anonymous)


class Part(Struct, frozen=True):
    """One table, what of it is to go (a condition with bound parameters), and how many rows that is."""

    table: str
    condition: str
    rows: int


def plan(client: Client, request: Request) -> list[Part]:
    """Every stored table that the request is about, with counts; tables without such rows count 0."""
    request.check()
    parts = []
    for row in rows(client, _STORED):
        condition = _condition(request, row["table"], set(row["columns"]))
        if condition:
            parts.append(Part(row["table"], condition, _count(client, row["table"], condition, request)))
    return parts


def erase(client: Client, request: Request, parts: list[Part]) -> list[Part]:
    """Delete, count the rollups anew, and ask again; the same parts with what is left, which is 0 everywhere.

    OperationError when rows are left: events of the person came in meanwhile.
    """
    days = _days(client, request) if request.is_person else []
    for part in parts:
        if part.rows:
            execute(
                client,
                f"ALTER TABLE {part.table} DELETE WHERE {part.condition} SETTINGS mutations_sync = 2",
                **_parameters(request),
            )
    if days:
        _recount(client, days)
    left = [Part(part.table, part.condition, _count(client, part.table, part.condition, request)) for part in parts]
    remaining = [f"{part.table} {part.rows}" for part in left if part.rows]
    if remaining:
        raise OperationError(
            f"rows came in while it was erased: {', '.join(remaining)}. Run it again; `python -m clickhouse pause` "
            "first keeps new ones out"
        )
    return left


def _condition(request: Request, table: str, columns: set[str]) -> str:
    """What of this table has to go; '' for nothing."""
    if "raw" in columns:
        conditions = [_RAW] if request.is_person else []
        time = "kafka_timestamp"
    elif {"user_id", "anonymous_id"} <= columns:
        conditions = [_PERSON] if request.is_person else []
        time = "occurred_at"
    elif "identity_hash" in columns and table.endswith(_ROLLUP):
        if not request.is_person:
            return ""
        conditions, time = [_HASH], "day"
    elif {"identity", "started_at"} <= columns:
        conditions, time = [_IDENTITY] if request.is_person else [], "started_at"
    else:
        return ""
    if request.before is not None:
        bound = "toDate({before:DateTime64(3, 'UTC')})" if time == "day" else "{before:DateTime64(3, 'UTC')}"
        conditions.append(f"{time} < {bound}")
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
        "before": before.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
    }


def _pattern(request: Request) -> str:
    """RE2 that finds the ids in text that may be cut off, or be JSON inside of JSON: `"user_id": "x"`, also escaped."""
    found = []
    for field, ids in (("user_id", request.users), ("anonymous_id", request.anonymous)):
        for each in ids:
            spellings = {json.dumps(each, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
            spellings |= {json.dumps(spelling, ensure_ascii=False)[1:-1] for spelling in spellings}
            values = "|".join(sorted(_re2(spelling) for spelling in spellings))
            found.append(rf'{field}\\*"\s*:\s*\\*"?(?:{values})(?:\\*"|[\s,}}]|$)')
    return "|".join(found)


def _re2(text: str) -> str:
    """The text as a pattern for itself; Python's escapes are RE2's but for what it leaves alone."""
    return re.sub(r"[^\w]", lambda match: f"\\x{{{ord(match[0]):x}}}", text, flags=re.ASCII)


def _days(client: Client, request: Request) -> list[date]:
    """The days on which the person did anything, as far as rows tell."""
    days: set[date] = set()
    for row in rows(client, _STORED):
        if {"user_id", "anonymous_id", "occurred_at"} <= set(row["columns"]):
            condition = _condition(request, row["table"], set(row["columns"]))
            query = f"SELECT DISTINCT toDate(occurred_at) AS day FROM {row['table']} WHERE {condition}"  # noqa: S608
            days |= {found["day"] for found in rows(client, query, **_parameters(request))}
    return sorted(days)


def _recount(client: Client, days: list[date]) -> None:
    """Count these days of every rollup anew, from rows; a day on which nothing is left becomes its marker row."""
    (now,) = rows(client, "SELECT toString(now64(3, 'UTC')) AS at")
    given = {"days": [day.isoformat() for day in days], "at": now["at"]}
    for name in _rollups(client):
        for statement in _RECOUNT:
            execute(client, statement.format(name=name), **given)


def _rollups(client: Client) -> list[str]:
    """Rollups of counts: a table X_per_day beside a view X_per_day_live. Those that hold people need no new count."""
    stored = {row["table"]: set(row["columns"]) for row in rows(client, _STORED)}
    views = {
        row["name"] for row in rows(client, "SELECT 'ugc.' || name AS name FROM system.tables WHERE engine = 'View'")
    }
    return [
        name
        for name, columns in stored.items()
        if name.endswith(_ROLLUP) and f"{name}_live" in views and "identity_hash" not in columns
    ]
