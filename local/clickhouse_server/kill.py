"""KILL QUERY by the id that a client gave to its query.

chDB gives every query an id of its own, and takes none. So the client's stands in the setting log_comment, which
system.processes shows, and a KILL QUERY that names it is run with the engine's id in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.clickhouse_server.engine import Connection, literal
from local.clickhouse_server.lexer import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.clickhouse_server.statements import Statement

_RUNNING = (
    "SELECT extract(Settings['log_comment'], 'query_id=(\\\\S+)$') AS id, query_id FROM system.processes WHERE id != ''"
)


def marked(comment: str, query_id: str) -> dict[str, str]:
    """The setting that carries the client's id, behind a comment of its own."""
    return {"log_comment": f"{comment} query_id={query_id}".lstrip()}


def with_engine_ids(
    connection: Connection, statement: Statement, params: Mapping[str, str]
) -> tuple[bytes, dict[str, str]]:
    """The text and the parameters of a KILL QUERY, with what are ids of clients replaced."""
    engine_id_of = dict(connection.rows(_RUNNING))
    literal_of = {literal(name).encode(): literal(engine_id).encode() for name, engine_id in engine_id_of.items()}
    sql, end = b"", 0
    for token in tokens(statement.sql):
        sql += statement.sql[end : token.start] + literal_of.get(token.text, token.text)
        end = token.end
    return sql, {name: engine_id_of.get(value, value) for name, value in params.items()}
