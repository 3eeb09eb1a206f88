"""Views of the database `analytics`: one file each, kept equal to the server's.

`ugc.view_files` has a mark of the files that each view was made from. Views without a mark are somebody else's and are
left alone. The COMMENT of a view holds what an analyst has to know of it.
"""

from __future__ import annotations

import hashlib
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from clickhouse.connection.client import execute, rows
from clickhouse.connection.errors import OperationError, StatementError
from clickhouse.connection.literals import quoted
from clickhouse.schema import sqlfile
from common.names import ANALYTICS, DATABASE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FOLDER = Path(__file__).parents[1] / "views"
_HAS_PEOPLE = re.compile(r"\b(?:\w+_users|identity|identity_hash)\b")
_PERSON = "A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC."
_MARKS = "ugc.view_files"


class View(msgspec.Struct, frozen=True):
    """A view file. `mark` covers the file and every view that it rests on; `tables` are those of `ugc`.

    `columns` are those of `ugc` that the header says it needs, as `table.column`, because migrations added them later.
    `example` is a query of a view with parameters, for a view without any it is its first row.
    """

    name: str
    statement: str
    comment: str
    mark: str
    needs: frozenset[str]
    tables: frozenset[str]
    columns: frozenset[str]
    example: str


class Change(msgspec.Struct, frozen=True):
    """What was done to a view, or is to be done: `created`, `changed`, `dropped`, `current`, `left out`."""

    name: str
    action: str


def load(folder: Path = FOLDER) -> list[View]:
    """The views of a folder, each after those that it needs; OperationError names a broken file or a cycle."""
    texts = {path.stem: sqlfile.read(path) for path in sorted(folder.glob("*.sql"))}
    statements = {name: _statement(name, text) for name, text in texts.items()}
    needs = {name: _needs(name, text, texts) for name, text in texts.items()}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise OperationError(f"views need each other in a circle: {circle}. Break it in one of these files.") from error
    marks: dict[str, str] = {}
    for name in order:
        parts = [texts[name], *(marks[needed] for needed in sorted(needs[name]))]
        marks[name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return [
        View(
            name=name,
            statement=statements[name],
            comment=_comment(texts[name]),
            mark=marks[name],
            needs=frozenset(needs[name]),
            tables=frozenset(sqlfile.names_of(DATABASE, texts[name])),
            columns=frozenset(re.findall(r"\bugc\.(\w+\.\w+)", sqlfile.section(texts[name], "Needs"))),
            example=sqlfile.section(texts[name], "Example") or f"SELECT * FROM {ANALYTICS}.{name} LIMIT 1",  # noqa: S608
        )
        for name in order
    ]


def _statement(name: str, text: str) -> str:
    found = sqlfile.statements(text)
    if len(found) != 1 or not re.search(
        rf"\bCREATE\s+OR\s+REPLACE\s+VIEW\s+{ANALYTICS}\.{name}\b", sqlfile.code(text), re.IGNORECASE
    ):
        raise OperationError(f"views/{name}.sql must hold one statement: CREATE OR REPLACE VIEW {ANALYTICS}.{name} …")
    return found[0]


def _needs(name: str, text: str, texts: dict[str, str]) -> set[str]:
    needed = sqlfile.names_of(ANALYTICS, text) - {name}
    unknown = sorted(needed - texts.keys())
    if unknown:
        raise OperationError(f"views/{name}.sql reads {ANALYTICS}.{unknown[0]}, but there is no views/{unknown[0]}.sql")
    return needed


def plan(client: Client, views: list[View], *, recreate: bool = False) -> list[Change]:
    """What `apply` would do; a view whose tables or columns do not exist is left out, and so is what rests on it."""
    tables = {row["name"] for row in rows(client, "SELECT name FROM system.tables WHERE database = 'ugc'")}
    columns = {
        row["name"]
        for row in rows(client, "SELECT concat(table, '.', name) AS name FROM system.columns WHERE database = 'ugc'")
    }
    present = _marks(client)
    changes = []
    left_out: set[str] = set()
    for view in views:
        if view.tables - tables or view.columns - columns or view.needs & left_out:
            left_out.add(view.name)
            changes.append(Change(view.name, "dropped" if present.get(view.name) else "left out"))
        elif view.name not in present:
            changes.append(Change(view.name, "created"))
        elif recreate or present[view.name] != view.mark:
            changes.append(Change(view.name, "changed"))
        else:
            changes.append(Change(view.name, "current"))
    known = {view.name for view in views}
    changes.extend(Change(name, "dropped") for name, mark in present.items() if mark and name not in known)
    return changes


def apply(client: Client, views: list[View], *, recreate: bool = False) -> list[Change]:
    """Make the server's views equal to the files; OperationError names the file that is broken."""
    execute(client, f"CREATE DATABASE IF NOT EXISTS {ANALYTICS}")
    changes = plan(client, views, recreate=recreate)
    by_name = {view.name: view for view in views}
    for change in changes:
        if change.action in {"created", "changed"}:
            _create(client, by_name[change.name])
    for change in changes:
        if change.action == "dropped":
            execute(client, f"DROP VIEW IF EXISTS {ANALYTICS}.`{change.name}`")
            _mark(client, change.name, "")
    return changes


def _create(client: Client, view: View) -> None:
    try:
        execute(client, view.statement)
        execute(client, f"ALTER TABLE {ANALYTICS}.{view.name} MODIFY COMMENT {quoted(view.comment)}")
        # the mark comes last: a view that was interrupted in between has none and is made again
        _mark(client, view.name, view.mark)
    except StatementError as error:
        raise OperationError(f"views/{view.name}.sql ({sqlfile.shown(error.statement)}): {error.reason}") from error


def _comment(text: str) -> str:
    """What the header says of the view and of what to mind, as sentences, and what holds for all that have people."""
    parts = [sqlfile.section(text, name) for name in ("What", "Mind")]
    if _HAS_PEOPLE.search(sqlfile.code(text)):
        parts.append(_PERSON)
    return " ".join(f"{part[:1].upper()}{part[1:]}" for part in parts if part)


def _mark(client: Client, name: str, mark: str) -> None:
    execute(
        client,
        f"INSERT INTO {_MARKS} (name, mark) SELECT {{name:String}}, {{mark:String}}",
        name=name,
        mark=mark,
    )


def _marks(client: Client) -> dict[str, str | None]:
    """Every view that is there, with its mark, None when it is not ours."""
    listed = rows(client, "SELECT 1 FROM system.tables WHERE database || '.' || name = {marks:String}", marks=_MARKS)
    known = rows(client, f"SELECT name, mark FROM {_MARKS} FINAL WHERE mark != ''") if listed else []  # noqa: S608
    marks = {row["name"]: row["mark"] for row in known}
    found = rows(
        client,
        "SELECT name FROM system.tables WHERE database = {database:String} AND engine = 'View' ORDER BY name",
        database=ANALYTICS,
    )
    return {row["name"]: marks.get(row["name"]) for row in found}
