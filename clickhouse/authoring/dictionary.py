"""`dictionary`: writes docs/dictionary.md from the schema and the example events."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clickhouse.authoring import examples
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.connection.client import connected, execute, rows
from clickhouse.schema import runner, sqlfile, views
from common.names import ANALYTICS, DATABASE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FILE = Path(__file__).parents[2] / "docs" / "dictionary.md"
# Their answers tell of a server at a moment.
_OF_A_SERVER = {"pipeline_freshness", "consumer_lag", "ingestion_errors", "table_sizes"}
_LATELY = re.compile(r"today\(\) - \d+")
_EVENT_TYPE = re.compile(r"event_type = '(\w+)'")
_INTRODUCTION = """\
# Dictionary of events, tables and views

Generated from the schema by `python -m clickhouse dictionary`; a test keeps it current. Analysts are granted
the views of `analytics`. Times are UTC; the date of a daily view is `day`; people are counted in `active_users`; a
person is an identity, which is the `user_id`, else the `anonymous_id`. Answers are those over
`clickhouse/authoring/example_events.jsonl`: three people and a bot on four days, some events sent twice, one late, one
corrected.
"""


def generated() -> str:
    """The page, from an engine of its own that holds the whole schema and the example events."""
    calendar = examples.Calendar.until(dt.datetime.now(tz=dt.UTC).date())
    files = sorted(views.load(), key=lambda view: view.name)
    with ephemeral_engine() as settings, connected(settings, 30) as client:
        runner.migrate(settings)
        views.apply(client, views.load())
        execute(client, "SYSTEM STOP MERGES")
        examples.insert(client, calendar)
        parts = [
            _INTRODUCTION,
            _events(client),
            "## Views of `analytics`\n",
            *(_view(client, view, calendar) for view in files),
            "## Tables of `ugc`\n",
            *(_table(client, row["name"], row["comment"]) for row in _tables(client)),
        ]
    return "\n".join(parts)


def write() -> bool:
    """Make docs/dictionary.md; whether it was another before."""
    text = generated()
    before = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    FILE.write_text(text, encoding="utf-8")
    return text != before


def _events(client: Client) -> str:
    found = rows(
        client,
        "SELECT as_select, replaceOne(name, '_mv', '') AS table FROM system.tables "
        "WHERE database = 'ugc' AND engine = 'MaterializedView' AND as_select LIKE '%event_type = %' ORDER BY name",
    )
    types = [(match[1], row["table"]) for row in found if (match := _EVENT_TYPE.search(row["as_select"]))]
    lines = ["## Events\n", "| `event_type` | table | its own columns |", "|---|---|---|"]
    common = {row["name"] for row in _columns(client, DATABASE, "events")}
    for name, table in types:
        own = [row["name"] for row in _columns(client, DATABASE, table) if row["name"] not in common]
        lines.append(f"| `{name}` | `{table}` | {', '.join(f'`{each}`' for each in own)} |")
    lines.append("\nEvery event, also of a type without a table, is in `events`.\n")
    return "\n".join(lines)


def _view(client: Client, view: views.View, calendar: examples.Calendar) -> str:
    text = sqlfile.read(views.FOLDER / f"{view.name}.sql")
    question = sqlfile.section(text, "Example") or sqlfile.section(text, "Query")
    question = _LATELY.sub(f"'{examples.MONDAY}'", question)
    lines = [
        f"### {view.name}\n",
        f"**{_sentence(sqlfile.section(text, 'What'))}** {_sentence(sqlfile.section(text, 'Why'))}\n",
        f"{_sentence(sqlfile.section(text, 'Mind'))}\n",
        _column_table(_columns(client, ANALYTICS, view.name)),
        f"```sql\n{question}\n```\n",
    ]
    if view.name not in _OF_A_SERVER:
        lines.append(_answer(client, question, calendar))
    return "\n".join(lines)


def _answer(client: Client, question: str, calendar: examples.Calendar) -> str:
    found = rows(client, calendar.moved(question))
    if not found:
        return "No rows.\n"
    cells = [[_shown(value, calendar) for value in row.values()] for row in found]
    if "ORDER BY" not in question:
        cells.sort()
    return "\n".join(_as_table(list(found[0]), cells)) + "\n"


def _shown(value: Any, calendar: examples.Calendar) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:.10g}"
    if isinstance(value, dt.datetime):
        return calendar.moved_back(value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]).removesuffix(".000")
    return calendar.moved_back(str(value)).replace("|", "\\|")


def _table(client: Client, name: str, comment: str) -> str:
    return f"### ugc.{name}\n\n{_sentence(comment)}\n\n{_column_table(_columns(client, DATABASE, name))}"


def _tables(client: Client) -> list[dict[str, Any]]:
    return rows(
        client,
        "SELECT name, comment FROM system.tables "
        "WHERE database = 'ugc' AND engine = 'ReplacingMergeTree' "
        "AND name NOT IN ('schema_versions', 'view_files') ORDER BY name",
    )


def _columns(client: Client, database: str, table: str) -> list[dict[str, Any]]:
    return rows(
        client,
        "SELECT name, type, comment FROM system.columns "
        "WHERE database = {database:String} AND table = {table:String} ORDER BY position",
        database=database,
        table=table,
    )


def _column_table(columns: list[dict[str, Any]]) -> str:
    cells = [[f"`{each['name']}`", f"`{each['type']}`", each["comment"]] for each in columns]
    return "\n".join(_as_table(["column", "type", "what it is"], cells)) + "\n"


def _as_table(head: list[str], cells: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in cells),
    ]


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
