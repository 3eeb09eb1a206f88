"""The schema of a server as text: what `dump` prints, `check` compares, and `schema.sql` keeps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse.connection.client import rows
from clickhouse.connection.errors import OperationError
from clickhouse.connection.settings import Retention
from clickhouse.schema import sqlfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clickhouse_connect.driver.client import Client

FILE = Path(__file__).parents[1] / "schema.sql"
_HEADER = """\
-- What:   the whole schema, as the migrations and the views create it. Generated: do not edit.
-- Query:  python -m clickhouse status --drift     compares a server with it
-- Mind:   after a change of a migration or a view: python -m clickhouse dump --write

"""
_BROKERS = re.compile(r"(kafka_broker_list = )'[^']*'")
_DEFINER = re.compile(r"(?<=DEFINER = )\S+(?= SQL SECURITY)")
_SECURITY = re.compile(r",\s*kafka_(?:security_protocol|sasl_\w+) = '(?:[^'\\]|\\.)*'")
# Numbers that stand for the variables while the file is generated: nobody asks for such terms, and no other number in
# the schema is like them.
STAND_IN = Retention(payload_days=36_487, typed_months=36_493, errors_days=36_497)


def dump(client: Client) -> str:
    """Every object of `ugc` and `analytics` as SQL that creates it, the queue last; the broker is `${…}` again."""
    return "".join(f"{statement};\n\n" for statement in definitions(client).values())


def generated(client: Client) -> str:
    """What `schema.sql` has to be, from an engine that was migrated with `STAND_IN` as its retention."""
    text = dump(client)
    for name, number in STAND_IN.variables().items():
        text = re.sub(rf"\b{number}\b", f"${{{name}}}", text)
    return _HEADER + text


def definitions(client: Client) -> dict[str, str]:
    """By `database.name`, the statement that creates an object, without what differs from server to server."""
    found = rows(
        client,
        """
        SELECT database || '.' || name AS object, formatQuery(create_table_query) AS ddl
        FROM system.tables
        WHERE database IN ('ugc', 'analytics')
            AND name NOT IN ('schema_versions', 'schema_versions_lock', 'schema_lock')
            AND name NOT LIKE '.inner%'
            AND name NOT LIKE '.tmp%'
        ORDER BY
            database = 'analytics',
            engine = 'Kafka',
            engine = 'MaterializedView',
            name
        """,
    )
    return {row["object"]: _normalised(row["ddl"]) for row in found}


def read(variables: Mapping[str, str], path: Path = FILE) -> dict[str, str]:
    """By `database.name`, the statements of `schema.sql` with these variables filled in."""
    try:
        text = sqlfile.read(path)
    except OSError as error:
        raise OperationError(f"{path} cannot be read: write it with `python -m clickhouse dump --write`") from error
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value)
    statements = [sqlfile.bare(statement) for statement in sqlfile.statements(text)]
    return {_name(statement): statement for statement in statements}


def _name(statement: str) -> str:
    match = re.match(r"CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) ([\w.`]+)", statement)
    if match is None:
        raise OperationError(f"schema.sql has a statement that creates nothing: {sqlfile.shown(statement)}")
    return match[1].replace("`", "")


def _normalised(ddl: str) -> str:
    ddl = _DEFINER.sub("CURRENT_USER", ddl)
    return _SECURITY.sub("", _BROKERS.sub(r"\1'${UGC_KAFKA_BOOTSTRAP}'", ddl))
