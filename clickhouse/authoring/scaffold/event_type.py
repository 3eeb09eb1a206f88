"""`new event-type NAME`: all files that an event type needs in ClickHouse, to be filled in.

What every typed table has in common is taken from `schema.sql`, where it stands as the migrations have made it so far.
The own columns are one example, `detail`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse.authoring.scaffold.made import PLACEHOLDER, Scaffold, check_name
from clickhouse.connection.errors import OperationError
from clickhouse.schema import catalog, definitions, drift, runner, views

if TYPE_CHECKING:
    from collections.abc import Iterable

_MODEL = "custom_events"
_MODEL_OWN = ("name", "properties")
_DETAIL = f"detail String COMMENT '{PLACEHOLDER}'"
TESTS = Path(__file__).parents[3] / "tests" / "integration" / "clickhouse"

_UP = """\
-- What:   {event_type}, say what it is: ugc.{table}, and {table}_mv, which fills it from the landing table.
-- Why:    say which question it answers
-- Query:  analytics.{table}, which shows every event once.
-- Mind:   an MV must not throw, or it stops the queue: JSONExtract gives NULL, '' or [] for what is missing, of another
--         kind or out of the type's range. Numbers are Nullable for that reason, for a made-up zero is a false answer.
--         Events of this type that landed before this ran are brought in by `python -m clickhouse rebuild {table}`.
--         Key, partition, codecs, index and TTL: see 0002_events.sql.

CREATE TABLE IF NOT EXISTS ugc.{table}
(
{columns}
)
{clauses}
COMMENT '{event_type}: say what it is';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.{table}_mv TO ugc.{table}
AS SELECT
{selected},
    JSONExtractString(payload, 'detail') AS detail
FROM ugc.events
WHERE event_type = '{event_type}';
"""
_DOWN = """\
-- What:   takes {table} and its MV away; the landing table keeps the events.
-- Mind:   the MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.{table}_mv;

DROP TABLE IF EXISTS ugc.{table};
"""
_TEST = '''\
"""{event_type}: from the landing table to its view, twice and broken."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from tests.integration.clickhouse.conftest import count, land, one

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def event(payload: Any) -> dict[str, Any]:
    now = time.time()
    times = {{"key_time": now, "occurred_at": now, "received_at": now}}
    return {{"event_id": str(uuid.uuid4()), "event_type": "{event_type}", "user_id": "u1", "payload": payload, **times}}


def test_an_event_is_shown_once_with_its_own_fields(client: Client) -> None:
    sent = event({{"detail": "x"}})
    land(client, sent)
    land(client, sent)
    row = one(client, "SELECT * FROM analytics.{table} WHERE event_id = {{id:UUID}}", id=sent["event_id"])
    assert row["detail"] == "x"


def test_a_broken_payload_stops_nothing(client: Client) -> None:
    sent = [event(payload) for payload in ("", "{{", "[]", {{"detail": [1]}}, {{"detail": 10**30}})]
    land(client, *sent)
    ids = ", ".join(f"'{{each['event_id']}}'" for each in sent)
    assert count(client, "analytics.{table}", f"event_id IN ({{ids}})") == len(sent)
'''


def write(
    name: str,
    migration_folder: Path = runner.FOLDER,
    view_folder: Path = views.FOLDER,
    test_folder: Path = TESTS,
    schema_file: Path = definitions.FILE,
) -> Scaffold:
    """Write the files of a new event type; UsageError when its name is not fit, OperationError when it is there."""
    check_name(name, "an event type", "film_rating")
    table = f"{name}s" if not name.endswith("s") else name
    known = catalog.in_files(migration_folder)
    if name in known or f"ugc.{table}" in {typed.table for typed in known.values()}:
        raise OperationError(f"{name} has its table already, or ugc.{table} is taken")
    up_file, down_file = runner.new(table, migration_folder)
    view_file, test_file = view_folder / f"{table}.sql", test_folder / f"test_{table}.py"
    up_file.write_text(_migration(name, table, schema_file), encoding="utf-8")
    down_file.write_text(_DOWN.format(table=table), encoding="utf-8")
    view_file.write_text(_view(name, table, view_folder), encoding="utf-8")
    test_file.write_text(_TEST.format(event_type=name, table=table), encoding="utf-8")
    return Scaffold(
        [up_file, down_file, view_file, test_file],
        [
            f"fill in the own columns in {up_file.name} and {view_file.name}, and the test",
            f"add the type, with tag {name!r}, to api/pipeline/events.py: `validate` compares the two",
            "python -m clickhouse validate, check, then dump --write",
        ],
    )


def _migration(name: str, table: str, schema_file: Path) -> str:
    model = drift.parsed(definitions.read({}, schema_file)[f"ugc.{_MODEL}"])
    common = _common(model)
    columns = [*common.values(), f"{_DETAIL} CODEC(ZSTD(1))"]
    columns.extend(text for key, text in model.elements.items() if key.startswith("INDEX "))
    clauses = [
        f"ENGINE = {text}" if clause == "ENGINE" else f"{clause} {text}"
        for clause, text in model.clauses.items()
        if clause in {"ENGINE", "PARTITION BY", "ORDER BY", "TTL"}
    ]
    return _UP.format(
        event_type=name,
        table=table,
        columns=_lines(columns),
        clauses="\n".join(clauses),
        selected=_lines(key for key, text in common.items() if " MATERIALIZED " not in text),
    )


def _common(model: drift.Table) -> dict[str, str]:
    """The definitions of the columns that typed tables share, by name."""
    return {
        key.strip("`"): text.replace("`", "")
        for key, text in model.elements.items()
        if not key.startswith("INDEX ") and key.strip("`") not in _MODEL_OWN
    }


def _view(name: str, table: str, folder: Path) -> str:
    """The reader view of the model with the own columns exchanged."""
    text = (folder / f"{_MODEL}.sql").read_text(encoding="utf-8").replace(_MODEL, table)
    lines = []
    for line in text.split("\n"):
        own = re.match(r"    (\w+)(?= |,)", line)
        if own is None or own[1] not in _MODEL_OWN:
            lines.append(line)
        elif own[1] == _MODEL_OWN[0]:
            lines.append("    detail," if line.strip() == f"{own[1]}," else f"    {_DETAIL},")
    query = f"-- Query:  SELECT count() FROM analytics.{table}"  # noqa: S608 - text of a file
    text = re.sub(r"(?m)^-- Query:.*$", query, "\n".join(lines), count=1)
    return re.sub(r"(?m)^-- What:.*?(?=, each event once)", f"-- What:   {name}: say what it is", text, count=1)


def _lines(parts: Iterable[str]) -> str:
    return ",\n".join(f"    {part}" for part in parts)
