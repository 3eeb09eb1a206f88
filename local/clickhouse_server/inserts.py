"""INSERT with its data in the request: the data go to a file first, and the engine reads them from there."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from local.clickhouse_server.engine import Connection, Counts, counts_of, literal

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
        name = statement.format or request.default_format or "Values"
        if statement.input_span is not None:
            start, end = statement.input_span
            call = f"file({literal(file.name)}, {literal(name)}, "
            sql = statement.sql[:start] + call.encode() + statement.sql[end:]
        else:
            source = f" FROM INFILE {literal(file.name)} COMPRESSION 'none' "
            sql = statement.sql + source.encode() + statement.tail + f" FORMAT {name}".encode()
        return counts_of(connection.execute(sql, params=request.params), "INSERT")
