"""INSERT with its data in the request: the data go to a file first, and the engine reads them from there."""

from __future__ import annotations

import secrets
import tempfile
from typing import TYPE_CHECKING

from local.clickhouse_server.engine import Connection, Counts, counts_of, from_file
from local.clickhouse_server.external_tables import temporary_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.clickhouse_server.request import Request
    from local.clickhouse_server.statements import Statement


def insert_data(
    connection: Connection, statement: Statement, data: Iterator[bytes], request: Request, folder: str
) -> Counts:
    """Run the INSERT. Its data are never held in memory, and nothing of a body that ends too early is inserted."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="insert-") as file:
        for piece in data:
            file.write(piece)
        file.flush()
        source = from_file(file.name, statement.format or request.default_format or "Values", statement.tail)
        if statement.input_span is not None:
            return _insert_through_table(connection, statement, source, request)
        result = connection.execute(b"%b %b" % (statement.sql, source), params=request.params)
        return counts_of(result, "INSERT")


def _insert_through_table(connection: Connection, statement: Statement, source: bytes, request: Request) -> Counts:
    """Put the data into a table on disk that stands where `input(…)` stood: no other table function may read a file."""
    name = f"_input_{secrets.token_hex(8)}".encode()
    start, end = statement.input_span or (0, 0)
    with temporary_table(connection, name, statement.input_columns, "Log", request.params):
        connection.execute(b"INSERT INTO %b %b" % (name, source))
        result = connection.execute(statement.sql[:start] + name + statement.sql[end:], params=request.params)
        return counts_of(result, "INSERT")
