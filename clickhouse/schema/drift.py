"""How a server differs from `schema.sql`, as the SQL that makes them equal.

Only texts are compared, both as ClickHouse formats them: nothing is created on the server to find out. (A copy of the
schema in a scratch database would have a Kafka table with its MVs in it, which would read events of the real group.)
And `schema.sql` is a text that has to be taken apart in any case; `system.columns` and `system.tables` would not spare
it for the server either, since they know no TTL of a column, no projection and no target of an MV.
Statements that would delete something are written as comments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse.connection.client import rows
from clickhouse.queue.consumer import is_detached
from clickhouse.schema import definitions
from common.names import QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clickhouse_connect.driver.client import Client

_CLAUSE = re.compile(r"(ENGINE|PARTITION BY|PRIMARY KEY|ORDER BY|SAMPLE BY|TTL|SETTINGS|COMMENT)\b(?: =)?\s*")
_NO_COLUMN = ("INDEX ", "PROJECTION ", "CONSTRAINT ")
_ELEMENT = re.compile(r"(?:INDEX |PROJECTION |CONSTRAINT )?(?:`[^`]+`|\w+)")


class Difference(Struct, frozen=True):
    """One object that is not as it should be, and what to do about it."""

    object: str
    what: str
    sql: str


class Table(Struct, frozen=True):
    """A CREATE TABLE taken apart: its columns and indices by name, its clauses by keyword."""

    elements: dict[str, str]
    clauses: dict[str, str]


def differences(client: Client, wanted: Mapping[str, str]) -> list[Difference]:
    """Compare a server with the definitions that it should have (`schema.read`)."""
    present = definitions.definitions(client)
    asked = {name: _formatted(client, sql) for name, sql in wanted.items()}
    found = []
    for name, sql in asked.items():
        if name not in present:
            found.append(_missing(client, name, sql))
        elif present[name] != sql:
            found.append(Difference(name, "differs", "\n".join(_changes(name, present[name], sql))))
    found.extend(
        Difference(name, "is in no migration", f"-- keep it by a migration, or:\n-- {_drop(name, sql)}")
        for name, sql in present.items()
        if name not in wanted
    )
    return found


def _formatted(client: Client, sql: str) -> str:
    """A statement of our own file in the server's own formatting, for versions differ in it."""
    (row,) = rows(client, "SELECT formatQuery({sql:String}) AS formatted", sql=sql)
    return str(row["formatted"])


def _missing(client: Client, name: str, sql: str) -> Difference:
    if name == QUEUE and is_detached(client):
        return Difference(name, "is detached (paused)", f"ATTACH TABLE {QUEUE};")
    if name == QUEUE:
        return Difference(name, "is missing", "-- `python -m clickhouse migrate` creates it, with its brokers")
    return Difference(name, "is missing", f"{sql};")


def _drop(name: str, sql: str) -> str:
    return f"DROP {'TABLE' if sql.startswith('CREATE TABLE') else 'VIEW'} {name};"


def _changes(name: str, present: str, wanted: str) -> Iterator[str]:
    if wanted.startswith("CREATE VIEW"):
        yield f"{wanted.replace('CREATE VIEW', 'CREATE OR REPLACE VIEW', 1)};"
    elif wanted.startswith("CREATE MATERIALIZED VIEW"):
        yield from _materialized_view(name, present, wanted)
    elif "ENGINE = Kafka" in wanted:
        yield "-- a Kafka table cannot be altered, only created again; its group keeps the offsets, its MVs stay"
        yield f"DROP TABLE IF EXISTS {name};"
        yield "-- then `python -m clickhouse migrate`, which creates it with its brokers"
    else:
        yield from _table(name, parsed(present), parsed(wanted))


def _materialized_view(name: str, present: str, wanted: str) -> Iterator[str]:
    before, query = present.partition("\nAS ")[0], wanted.partition("\nAS ")
    if before.partition("\n")[0] == query[0].partition("\n")[0] and "REFRESH" not in query[0]:
        select, mark, comment = query[2].rpartition("\nCOMMENT ")
        yield f"ALTER TABLE {name}\n    MODIFY QUERY {select if mark else comment};"
    else:
        yield f"DROP VIEW IF EXISTS {name};"
        yield f"{wanted};"


def _table(name: str, present: Table, wanted: Table) -> Iterator[str]:
    yield from _elements(name, present.elements, wanted.elements)
    for clause in dict.fromkeys([*present.clauses, *wanted.clauses]):
        if present.clauses.get(clause) != wanted.clauses.get(clause):
            yield _clause(name, clause, present.clauses.get(clause), wanted.clauses.get(clause))


def _elements(name: str, present: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    after = "FIRST"
    for key, definition in wanted.items():
        is_column = not key.startswith(_NO_COLUMN)
        if key not in present:
            yield f"ALTER TABLE {name}\n    ADD {f'COLUMN {definition} {after}' if is_column else definition};"
        elif present[key] != definition and is_column:
            yield f"ALTER TABLE {name}\n    MODIFY COLUMN {definition};"
        elif present[key] != definition:
            yield f"ALTER TABLE {name}\n    DROP {key};"
            yield f"ALTER TABLE {name}\n    ADD {definition};"
        if key.startswith("PROJECTION ") and present.get(key) != definition:
            yield f"ALTER TABLE {name}\n    MATERIALIZE {key};"
        if is_column:
            after = f"AFTER {key}"
    for key in present:
        if key not in wanted:
            dropped = key if key.startswith(_NO_COLUMN) else f"COLUMN {key}"
            yield f"-- one too many; to drop it with its data:\n-- ALTER TABLE {name} DROP {dropped};"


def _clause(name: str, clause: str, present: str | None, wanted: str | None) -> str:
    if clause == "TTL":
        return f"ALTER TABLE {name}\n    {f'MODIFY TTL {wanted}' if wanted else 'REMOVE TTL'};"
    if clause == "SETTINGS":
        gone = {part.split(" = ")[0] for part in (present or "").split(", ") if part} - {
            part.split(" = ")[0] for part in (wanted or "").split(", ") if part
        }
        reset = f"ALTER TABLE {name}\n    RESET SETTING {', '.join(sorted(gone))};" if gone else ""
        modify = f"ALTER TABLE {name}\n    MODIFY SETTING {wanted};" if wanted else ""
        return "\n".join(part for part in (reset, modify) if part)
    if clause == "COMMENT":
        return f"ALTER TABLE {name}\n    MODIFY COMMENT {wanted or chr(39) * 2};"
    return (
        f"-- {clause} is {present or 'missing'} and should be {wanted or 'missing'}: it cannot be altered;\n"
        f"-- create a new table, copy with INSERT … SELECT, then EXCHANGE TABLES"
    )


def parsed(ddl: str) -> Table:
    """Take `formatQuery`'s text of a CREATE TABLE apart; each column begins a line of its own there."""
    lines = ddl.split("\n")
    opened, closed = lines.index("("), lines.index(")")
    elements: dict[str, str] = {}
    key = ""
    for line in lines[opened + 1 : closed]:
        text = line.strip()
        match = None if line.startswith("     ") else _ELEMENT.match(text)
        if match is not None:
            key = match[0]
        # a projection goes on for some lines, with brackets of its own
        elements[key] = text if match is not None else f"{elements[key]} {text}"
    elements = {key: text.removesuffix(",") for key, text in elements.items()}
    clauses: dict[str, str] = {}
    current = ""
    for line in lines[closed + 1 :]:
        match = None if line.startswith(" ") else _CLAUSE.match(line)
        if match:
            current = match[1]
            clauses[current] = line[match.end() :]
        else:
            clauses[current] = f"{clauses.get(current, '')} {line.strip()}".strip()
    return Table(elements, clauses)
