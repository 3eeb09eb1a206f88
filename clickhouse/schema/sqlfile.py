"""SQL files as text: their statements, header and the names that they mention. Nothing here talks to ClickHouse.

Files are split into tokens by clickhouse-migrations, which applies them, and beyond that looked at with regular
expressions, here and in `authoring.rules`. The engine's own parser (`EXPLAIN AST`) would need an engine, which
`validate` does without; sqlglot 30.30 reads ALTER … MODIFY QUERY and CREATE ROLE, and views with SQL SECURITY as the
server prints them, only as opaque commands, and not every view of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_migrations.migrator import find_unterminated_token, split_statement_tokens

if TYPE_CHECKING:
    from pathlib import Path

_COMMENTS = ("line_comment", "block_comment")
HEADER_MARKS = ("What:", "Mind:")
_SHOWN_LENGTH = 90


def statements(text: str) -> list[str]:
    """The statements of a script, split as clickhouse-migrations splits them, comments kept."""
    return ["".join(token.text for token in tokens).strip() for tokens in split_statement_tokens(text)]


def bare(statement: str) -> str:
    """The statement without the comments before it."""
    return re.sub(r"\A(?:--[^\n]*\n|\s)+", "", statement)


def code(text: str) -> str:
    """The script without comments and without what stands in single quotes: where to look for names and keywords."""
    parts: list[str] = []
    for tokens in split_statement_tokens(text):
        parts.extend(
            " " if token.kind in _COMMENTS else "''" if token.kind == "single" else token.text for token in tokens
        )
        parts.append(";")
    return "".join(parts)


def shown(statement: str) -> str:
    """The beginning of a statement on one line, without comments, for a message."""
    text = " ".join(code(statement).rstrip(";").split())
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH].rstrip() + " …"


def header(text: str) -> list[str]:
    """The comment lines that open the file, without their dashes."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return lines


def section(text: str, name: str) -> str:
    """What the header says after `name:`, up to the next mark, on one line; '' when it says nothing."""
    words: list[str] = []
    for line in header(text):
        mark = re.match(r"([A-Z]\w+):\s*", line)
        if mark and mark[1] == name:
            words = [line[mark.end() :]]
        elif mark and words:
            break
        elif words:
            words.append(line)
    return " ".join(words)


def summary(text: str) -> str:
    """What the header says after `What:`."""
    return section(text, "What")


def names_of(database: str, text: str) -> set[str]:
    """Tables and views of `database` that the code mentions as `database.name`."""
    return set(re.findall(rf"\b{database}\s*\.\s*`?(\w+)`?", code(text)))


def text_problems(text: str, marks: tuple[str, ...] = HEADER_MARKS) -> list[str]:
    """What is wrong with any SQL file of ours: header, unclosed quotes, brackets, no statement."""
    problems: list[str] = []
    head = "\n".join(header(text))
    problems.extend(
        f"the header has no `-- {mark}` line: say what the file does and what to mind"
        for mark in marks
        if mark not in head
    )
    unclosed = find_unterminated_token(text)
    if unclosed is not None:
        line = text.count("\n", 0, unclosed.offset) + 1
        problems.append(f"line {line}: the quote or comment that opens here is never closed")
        return problems
    if not statements(text):
        problems.append("there is no statement in it")
    for number, statement in enumerate(statements(text), 1):
        problem = _bracket_problem(statement)
        if problem:
            problems.append(f"statement {number} ({shown(statement)}): {problem}")
    return problems


def _bracket_problem(statement: str) -> str | None:
    pairs = {")": "(", "]": "[", "}": "{"}
    open_brackets: list[str] = []
    for character in code(statement):
        if character in "([{":
            open_brackets.append(character)
        elif character in pairs and (not open_brackets or open_brackets.pop() != pairs[character]):
            return f"a {character} closes what was not opened"
    return f"a {open_brackets[-1]} is never closed" if open_brackets else None


def read(path: Path) -> str:
    """The text of a file of ours."""
    return path.read_text(encoding="utf-8")
