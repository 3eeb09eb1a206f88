"""What the migration files make of the MVs and of the queue, as text that a new migration can begin from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from clickhouse.connection.errors import OperationError
from clickhouse.schema import sqlfile
from common.names import QUEUE

if TYPE_CHECKING:
    from pathlib import Path

_QUERY = re.compile(
    r"(?:CREATE\s+MATERIALIZED\s+VIEW\s+IF\s+NOT\s+EXISTS\s+ugc\.(?P<made>\w+)\s+TO\s+ugc\.\w+\s+AS"
    r"|ALTER\s+TABLE\s+ugc\.(?P<changed>\w+)\s+MODIFY\s+QUERY)\s+(?P<query>.+)",
    re.DOTALL,
)
_QUEUE = re.compile(
    rf"CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+{re.escape(QUEUE)}\b.*?^ENGINE\s*=\s*(\w+)", re.DOTALL | re.MULTILINE
)


class Statements(Struct, frozen=True):
    """The newest text of each: queries by the name of their MV, and both tables that take the queue's name in turn."""

    queries: dict[str, str]
    stand_in: str
    queue: str
    queue_file: str


def newest(folder: Path) -> Statements:
    """Read from the files, newest last; OperationError when none makes the queue."""
    queries: dict[str, str] = {}
    tables: dict[str, tuple[str, str]] = {}
    for path in sorted(folder.glob("[0-9]*.sql")):
        if path.name.endswith(".down.sql"):
            continue
        for statement in map(sqlfile.bare, sqlfile.statements(sqlfile.read(path))):
            query, table = _QUERY.match(statement), _QUEUE.match(statement)
            if query:
                queries[query["made"] or query["changed"]] = query["query"]
            elif table:
                tables[table[1]] = (statement, path.name)
    if not {"Null", "Kafka"} <= tables.keys():
        raise OperationError(f"no migration makes {QUEUE} and the stand-in that takes its place for a moment")
    queue, queue_file = tables["Kafka"]
    return Statements(queries=queries, stand_in=tables["Null"][0], queue=queue, queue_file=queue_file)


def after(text: str, element: str, added: str, where: str) -> str:
    """The text with one more in a list of one a line, after the line that the pattern `element` matches."""
    line = _line(text, element, where)
    new = f"{line['indent']}{line['element']},\n{line['indent']}{added}{line['comma']}"
    return f"{text[: line.start()]}{new}{text[line.end() :]}"


def before(text: str, element: str, added: str, where: str) -> str:
    """As `after`, but before that line."""
    line = _line(text, element, where)
    return f"{text[: line.start()]}{line['indent']}{added},\n{line[0]}{text[line.end() :]}"


def _line(text: str, element: str, where: str) -> re.Match[str]:
    found = list(re.finditer(rf"^(?P<indent> +)(?P<element>{element})(?P<comma>,?)$", text, re.MULTILINE))
    if len(found) != 1:
        raise OperationError(f"{where}: a line like `{element}` stands in it {len(found)} times; one was expected")
    return found[0]
