"""External tables: files of a form that the query of the same request reads as tables."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Final, NamedTuple

from local.clickhouse_server.engine import Connection, as_bytes, from_file, identifier, literal
from local.clickhouse_server.errors import BAD_ARGUMENTS, ClickHouseError
from local.clickhouse_server.lexer import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from local.clickhouse_server.forms import FormFile, Readable

_CHUNK: Final = 1 << 18


class ExternalTable(NamedTuple):
    name: str
    path: str
    format: str
    structure: str


def saved(data: Readable, folder: str, resources: contextlib.ExitStack) -> str:
    """Path of a file with the data, which is there as long as `resources` are."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="table-", delete=False) as file:
        resources.callback(os.unlink, file.name)
        shutil.copyfileobj(data, file, _CHUNK)
        return file.name


def described(files: Iterable[FormFile], settings: Mapping[str, str]) -> tuple[list[ExternalTable], dict[str, str]]:
    """The tables, each described by NAME_format and NAME_structure or NAME_types, and the settings without those.

    Raises ClickHouseError for a table without columns.
    """
    rest = dict(settings)
    tables = []
    for file in files:
        name = file.name or "_data"
        structure, types = rest.pop(f"{name}_structure", ""), rest.pop(f"{name}_types", "")
        if not (structure or types):
            message = f"External table '{name}' has no columns: send {name}_structure or {name}_types."
            raise ClickHouseError(BAD_ARGUMENTS, message)
        format_name = rest.pop(f"{name}_format", "TabSeparated")
        tables.append(ExternalTable(name, file.path, format_name, structure or _numbered(types)))
    return tables, rest


@contextlib.contextmanager
def temporary_table(
    connection: Connection, name: bytes, columns: bytes, engine: str, params: Mapping[str, str] | None = None
) -> Iterator[None]:
    """An empty temporary table of this connection. In a session it would outlive the request, so it is dropped.

    `columns` is a literal with their names and types: the table function `null` reads it, and it can be nothing else.
    """
    made = b"CREATE TEMPORARY TABLE %b ENGINE = %b EMPTY AS SELECT * FROM null(%b)" % (name, engine.encode(), columns)
    connection.execute(made, params=params)
    try:
        yield
    finally:
        connection.execute(b"DROP TEMPORARY TABLE IF EXISTS " + name)


@contextlib.contextmanager
def filled(connection: Connection, tables: list[ExternalTable]) -> Iterator[None]:
    """The tables as temporary ones of this connection.

    Raises ClickHouseError, also for the name of a temporary table that the session has.
    """
    with contextlib.ExitStack() as stack:
        for table in tables:
            name, columns = as_bytes(identifier(table.name)), as_bytes(literal(table.structure))
            stack.enter_context(temporary_table(connection, name, columns, "Memory"))
            connection.execute(b"INSERT INTO %b %b" % (name, from_file(table.path, table.format)))
        yield


def _numbered(types: str) -> str:
    """Columns _1, _2, … for types that are separated by commas."""
    text = types.encode("utf-8", "surrogateescape")
    commas = [token.start for token in tokens(text) if token.text == b"," and token.depth == 0]
    parts = [text[start + 1 : end] for start, end in itertools.pairwise([-1, *commas, len(text)])]
    columns = (f"_{number} {part.decode('utf-8', 'surrogateescape')}" for number, part in enumerate(parts, 1))
    return ", ".join(columns)
