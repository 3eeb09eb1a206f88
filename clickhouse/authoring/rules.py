"""What this project asks of its migrations beyond valid SQL, checked on the files alone. One function per rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api.pipeline.events import EVENT_TYPES
from clickhouse.schema import catalog, sqlfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_I = re.IGNORECASE | re.DOTALL
_CREATE = re.compile(r"^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:MATERIALIZED\s+)?(?:TABLE|VIEW|DATABASE)\b", _I)
_CREATE_GUARDED = re.compile(
    r"^\s*CREATE\s+(?:OR\s+REPLACE\b|(?:MATERIALIZED\s+)?(?:TABLE|VIEW|DATABASE)\s+IF\s+NOT\s+EXISTS\b)", _I
)
_DROP = re.compile(r"^\s*DROP\s+(?:TABLE|VIEW|DATABASE)\b", _I)
_DROP_GUARDED = re.compile(r"^\s*DROP\s+(?:TABLE|VIEW|DATABASE)\s+IF\s+EXISTS\b", _I)
_ALTER_UNGUARDED = re.compile(
    r"\b(?:ADD\s+(?:COLUMN|INDEX|PROJECTION)\s+(?!IF\s+NOT\s+EXISTS\b)|DROP\s+(?:COLUMN|INDEX|PROJECTION)\s+(?!IF\s+EXISTS\b))",
    _I,
)
_MV = re.compile(r"^\s*CREATE\s+MATERIALIZED\s+VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>[\w.]+)(?P<rest>.*)", _I)
_MODIFY_QUERY = re.compile(r"^\s*ALTER\s+TABLE\s+(?P<name>[\w.]+)\s+MODIFY\s+QUERY\b(?P<rest>.*)", _I)
_REFRESH = re.compile(r"\bREFRESH\s+(?:EVERY|AFTER)\b", _I)
_ALL_COLUMNS = re.compile(r"(?:\bSELECT|,)\s+(?:\w+\s*\.\s*)?\*(?!\s*\w)|\bCOLUMNS\s*\(", _I)
_THROWING = re.compile(
    r"\bCAST\s*\(|::|\b_CAST\s*\(|\baccurateCast\s*\("
    r"|\bto(?:U?Int(?:8|16|32|64|128|256)|B?Float(?:16|32|64)|Decimal(?:32|64|128|256)|Date(?:32|Time|Time64)?|UUID|IPv[46]|FixedString)\s*\("
    r"|\bparseDateTime\w*(?<!OrNull)(?<!OrZero)\s*\(|\bthrowIf\s*\(|\bassertNotNull\s*\(",
    _I,
)
# A window of time from the clock, not from the data, and a literal cannot throw.
_HARMLESS = re.compile(
    r"\bto(?:DateTime64|DateTime|Date|U?Int\d+|Float\d+)\s*\(\s*(?:-?[\d.]+|now(?:64)?\s*\([^()]*\)|'')\s*[,)]", _I
)
# In the landing table a time is a time; what comes from the queue is text.
_A_TIME = re.compile(r"\btoDate\s*\(\s*(?:key_time|occurred_at|received_at)\s*\)")
_TABLE = re.compile(
    r"^\s*CREATE\s+TABLE\s+IF\s+NOT\s+EXISTS\s+(?P<name>[\w.]+)\s*\((?P<body>.*)\)\s*ENGINE\s*=\s*\w*MergeTree\b", _I
)
_NO_COLUMN = re.compile(r"(?:INDEX|PROJECTION|CONSTRAINT)\b", _I)


def problems(folder: Path, event_types: Iterable[str] | None = None) -> list[str]:
    """One `migrations/file: what is wrong` for each broken rule. `event_types` are those of the API unless given."""
    found: list[str] = []
    for path in sorted(folder.glob("*.sql")):
        for number, statement in enumerate(sqlfile.statements(sqlfile.read(path)), 1):
            found.extend(
                f"migrations/{path.name}: statement {number} ({sqlfile.shown(statement)}): {problem}"
                for problem in _of_statement(sqlfile.code(statement).rstrip(";").strip())
            )
    wanted = event_types if event_types is not None else [str(kind.__struct_config__.tag) for kind in EVENT_TYPES]
    return [*found, *_of_types(folder, set(wanted))]


def _of_statement(code: str) -> Iterator[str]:
    yield from _guards(code)
    match = _MV.match(code) or _MODIFY_QUERY.match(code)
    if match and not _REFRESH.search(code):
        yield from _materialized_view(match["rest"], creates=match.re is _MV)
    table = _TABLE.match(code)
    if table:
        yield from _comments(table["body"])


def _guards(code: str) -> Iterator[str]:
    if _CREATE.match(code) and not _CREATE_GUARDED.match(code):
        yield "it must be safe to run twice: IF NOT EXISTS, or OR REPLACE for a view"
    if _DROP.match(code) and not _DROP_GUARDED.match(code):
        yield "it must be safe to run twice: IF EXISTS"
    if re.match(r"\s*ALTER\b", code, re.IGNORECASE) and _ALTER_UNGUARDED.search(code):
        yield "it must be safe to run twice: ADD … IF NOT EXISTS, DROP … IF EXISTS"


def _materialized_view(code: str, *, creates: bool) -> Iterator[str]:
    if creates and not re.match(r"\s*(?:ON\s+CLUSTER\s+\S+\s+)?TO\s+[\w.]+", code, re.IGNORECASE):
        yield "an MV writes TO a table of its own name, so that both can be changed"
    if _ALL_COLUMNS.search(code):
        yield "an MV names its columns: with * a new column of the source changes what it writes"
    throwing = _THROWING.search(_HARMLESS.sub(" ", code if "events_queue" in code else _A_TIME.sub(" ", code)))
    if throwing:
        yield (
            f"`{throwing[0].strip()}` can throw, and one bad value then stops the queue: "
            "use …OrNull, …OrZero, …OrDefault, accurateCastOrNull or JSONExtract"
        )


def _comments(body: str) -> Iterator[str]:
    for element in _elements(body):
        if element and not _NO_COLUMN.match(element) and not re.search(r"\bCOMMENT\s+''", element, re.IGNORECASE):
            yield f"column {element.split()[0]} has no COMMENT: analysts read it"


def _elements(body: str) -> list[str]:
    """The parts between commas outside of brackets."""
    parts, depth = [""], 0
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _of_types(folder: Path, wanted: set[str]) -> Iterator[str]:
    made = catalog.in_files(folder)
    for missing in sorted(wanted - made.keys()):
        yield (
            f"migrations: event_type {missing} of the API has no table with an MV: "
            f"`python -m clickhouse new event-type {missing}` scaffolds them"
        )
    for unknown in sorted(made.keys() - wanted):
        view = made[unknown].view
        yield (
            f"migrations: {view} is for event_type {unknown}, which the API does not know: "
            "add it to api/pipeline/events.py"
        )
