"""`new common-column NAME TYPE`: a column of every event, from the wire to the readers.

Three migrations, for what each of them touches is changed at once and in this order while events flow: the tables, the
MVs of the typed tables, and last, with the only stop of consumption, the queue with its two MVs. Every text is the
newest that the files have, with one line more; the way back is that text as it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse.authoring.scaffold import statements
from clickhouse.authoring.scaffold.column_types import ColumnType, column_type
from clickhouse.authoring.scaffold.made import PLACEHOLDER, Scaffold, check_name
from clickhouse.connection.errors import OperationError
from clickhouse.schema import catalog, definitions, drift, runner, sqlfile, views
from common.names import DATABASE, LANDING, QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LANDING = LANDING.removeprefix(f"{DATABASE}.")
_OWN_FIELDS = "payload"
"""The field of the wire, and the column, before which common ones end."""

_COLUMNS_UP = """\
-- What:   the column {name} in the landing table and in every typed table.
-- Why:    say which question it answers
-- Query:  SELECT {name}, count() FROM analytics.events GROUP BY {name}
-- Mind:   nothing writes it before the queue reads it, which is the last of these three files; consumption goes on.
--         Rows from before have {absent}, as have events without the field.
"""
_COLUMNS_DOWN = """\
-- What:   takes the column {name} away from every table, with what is in it.
"""
_VIEWS_UP = """\
-- What:   the MVs of the typed tables take {name} over from the landing table.
-- Why:    a typed table answers without the landing table, which forgets sooner.
-- Query:  SELECT name, as_select FROM system.tables WHERE database = 'ugc' AND engine = 'MaterializedView'
-- Mind:   MODIFY QUERY is one step, with no moment without the MV, so consumption goes on. The columns are there
--         already: an MV that writes one that is not would stop the flow.
"""
_VIEWS_DOWN = """\
-- What:   the MVs of the typed tables leave {name} out again.
"""
_QUEUE_UP = """\
-- What:   the queue reads the field {name} of the wire; events_mv writes it, and events_errors_mv keeps it of what
--         is refused.
-- Why:    with this, events have it.
-- Query:  SELECT {name}, max(inserted_at) FROM analytics.events GROUP BY {name}
-- Mind:   1. The Kafka table goes first, so that nothing is read while its MVs change; the group keeps its offsets, and
--            the new table goes on where the old one stopped. See {queue_file}.
--         2. The MVs' new text needs a source with the new field, which is the stand-in until the Kafka table takes
--            the name. It reads nothing, and the MVs stay attached by name.
--         3. The consumer should have joined its group before this runs: `python -m clickhouse migrate` waits for
--            that.
--         4. Deploy it before the API that sends the field: what was read without it does not get it later.
"""
_QUEUE_DOWN = """\
-- What:   the queue does not read the field {name} any more, as before; its MVs leave it out.
-- Mind:   the consumer should have joined its group before this runs; `python -m clickhouse down` waits for that.
"""
_DROP_QUEUE = f"DROP TABLE IF EXISTS {QUEUE}"


class _Table(Struct, frozen=True):
    """A table that gets the column, and the column after which it stands."""

    name: str
    after: str

    @property
    def view(self) -> str:
        return f"{self.name}_mv"


def write(
    name: str,
    type_name: str,
    migration_folder: Path = runner.FOLDER,
    view_folder: Path = views.FOLDER,
    schema_file: Path = definitions.FILE,
) -> Scaffold:
    """Write migrations and change readers; UsageError for a name or type that is not fit, OperationError when taken."""
    check_name(name, "a column", "experiment")
    kind = column_type(type_name)
    typed = dict.fromkeys(each.table.removeprefix("ugc.") for each in catalog.in_files(migration_folder).values())
    tables = _tables(name, list(typed), schema_file)
    now = statements.newest(migration_folder)
    _check_free(name, now)
    # everything is made before anything is written: a text that is not as expected leaves no half of it
    readers = {view_folder / f"{each.name}.sql": _reader(name, kind, each, view_folder) for each in tables}
    parts = {
        f"{name} columns": _columns(name, kind, tables),
        f"{name} typed views": _typed_views(name, tables[1:], now),
        f"{name} queue": _queue(name, kind, tables[0], now),
    }
    made: list[Path] = []
    for title, texts in parts.items():
        files = runner.new(title, migration_folder)
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
        made += files
    for file, text in readers.items():
        file.write_text(text, encoding="utf-8")
    return Scaffold(
        [*made, *readers],
        [
            f"say what {name} is: in {made[0].name}, and in the views of {', '.join(each.name for each in tables)}",
            f"add `{name}: {kind.python} | None = None` to WireEvent in api/pipeline/wire.py, its value in wire_event",
            "python -m clickhouse validate, check, then dump --write and dictionary",
            "deploy with `migrate` before the API that sends it",
        ],
    )


def _tables(name: str, typed: list[str], schema_file: Path) -> list[_Table]:
    """The landing table first, then the typed ones."""
    schema = definitions.read({}, schema_file)
    columns: dict[str, list[str]] = {}
    for table in [_LANDING, *typed]:
        if f"ugc.{table}" not in schema:
            raise OperationError(f"{schema_file.name} has no ugc.{table}: python -m clickhouse dump --write")
        elements = drift.parsed(schema[f"ugc.{table}"]).elements
        columns[table] = [key.strip("`") for key in elements if not re.match(r"(?:INDEX|PROJECTION|CONSTRAINT) ", key)]
        if name in columns[table]:
            raise OperationError(f"ugc.{table} has a column {name} already")
    landing = columns[_LANDING]
    common = landing[: landing.index(_OWN_FIELDS)]
    return [
        _Table(_LANDING, common[-1]),
        *(_Table(table, [each for each in columns[table] if each in common][-1]) for table in typed),
    ]


def _check_free(name: str, now: statements.Statements) -> None:
    """OperationError when a query has the name for something else: another value, a function, a keyword."""
    for view in ("events_mv", "events_errors_mv"):
        if re.search(rf"\b{name}\b", sqlfile.code(now.queries[view]), re.IGNORECASE):
            raise OperationError(f"the query of ugc.{view} uses the name {name} already: take another one")


def _columns(name: str, kind: ColumnType, tables: list[_Table]) -> tuple[str, str]:
    added = f"ADD COLUMN IF NOT EXISTS {name} {kind.sql} COMMENT '{PLACEHOLDER}'{kind.codec}"
    up = [f"ALTER TABLE ugc.{each.name}\n    {added} AFTER {each.after}" for each in tables]
    down = [f"ALTER TABLE ugc.{each.name}\n    DROP COLUMN IF EXISTS {name}" for each in reversed(tables)]
    return (
        _script(_COLUMNS_UP.format(name=name, absent=kind.absent), up),
        _script(_COLUMNS_DOWN.format(name=name), down),
    )


def _typed_views(name: str, typed: list[_Table], now: statements.Statements) -> tuple[str, str]:
    up, down = [], []
    for table in typed:
        query = now.queries[table.view]
        changed = statements.after(query, _selected(table.after), name, f"the newest query of ugc.{table.view}")
        up.append(_modify(table.view, changed))
        down.append(_modify(table.view, query))
    return (
        _script(_VIEWS_UP.format(name=name), up),
        _script(_VIEWS_DOWN.format(name=name), reversed(down)),
    )


def _queue(name: str, kind: ColumnType, landing: _Table, now: statements.Statements) -> tuple[str, str]:
    errors, events = now.queries["events_errors_mv"], now.queries["events_mv"]
    payload = f"'{_OWN_FIELDS}', q.{_OWN_FIELDS}"
    new_errors = statements.before(errors, payload, f"'{name}', q.{name}", "the newest query of ugc.events_errors_mv")
    read = f"{kind.read(name)} AS {name}"
    new_events = statements.after(events, _selected(landing.after), read, "the newest query of ugc.events_mv")

    def wired(table: str) -> str:
        return statements.before(table, f"{_OWN_FIELDS} String", f"{name} String", f"{QUEUE}, {now.queue_file}")

    up = [
        _DROP_QUEUE,
        wired(now.stand_in),
        _modify("events_errors_mv", new_errors),
        _modify("events_mv", new_events),
        _DROP_QUEUE,
        wired(now.queue),
    ]
    down = [
        _DROP_QUEUE,
        now.stand_in,
        _modify("events_mv", events),
        _modify("events_errors_mv", errors),
        _DROP_QUEUE,
        now.queue,
    ]
    return (
        _script(_QUEUE_UP.format(name=name, queue_file=now.queue_file), up),
        _script(_QUEUE_DOWN.format(name=name), down),
    )


def _reader(name: str, kind: ColumnType, table: _Table, folder: Path) -> str:
    """The view that shows the table's events, with the column where the table has it, and in its needs."""
    file = folder / f"{table.name}.sql"
    if not file.exists():
        raise OperationError(f"views/{file.name}, which shows the events of ugc.{table.name}, is missing")
    text = sqlfile.read(file)
    declared = rf"{table.after} [A-Z].* COMMENT '.*'"
    text = statements.after(text, declared, f"{name} {kind.sql} COMMENT '{PLACEHOLDER}'", f"views/{file.name}")
    text = statements.after(text, _selected(table.after), name, f"views/{file.name}")
    need = f"ugc.{table.name}.{name}"
    if sqlfile.section(text, "Needs"):
        return re.sub(r"(?m)^-- Needs:.*$", lambda line: f"{line[0]}, {need}", text, count=1)
    return re.sub(r"(?m)^-- Mind:", f"-- Needs:  {need}\n-- Mind:", text, count=1)


def _selected(column: str) -> str:
    """A pattern for the line of a SELECT that gives this column."""
    return rf"(?:\S.* AS )?{column}"


def _modify(view: str, query: str) -> str:
    return f"ALTER TABLE ugc.{view} MODIFY QUERY\n{query}"


def _script(header: str, parts: Iterable[str]) -> str:
    return header + "".join(f"\n{part};\n" for part in parts)
