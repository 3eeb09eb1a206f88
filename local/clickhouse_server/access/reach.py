"""Refuses statements that reach the machine or the network: files, other servers, programs.

A statement is judged by the names in it, and those are read from what the engine itself makes of it: `formatQuery`
gives a text without comments, with one kind of quotes, and with a bracket directly behind the name of a function and
behind no other name. So a column called `url` passes, and no way of writing `url(…)` does. What a view, a table, a
dictionary or a function names is judged when it is made; what is there already is withheld (see `deferred_start`).
"""

from __future__ import annotations

import itertools
import re
import threading
from typing import TYPE_CHECKING, Final

from local.clickhouse_server.access import names
from local.clickhouse_server.errors import ACCESS_DENIED, ClickHouseError
from local.clickhouse_server.lexer import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.clickhouse_server.engine import Connection

_DEFINES: Final = frozenset((b"CREATE", b"ATTACH", b"REPLACE", b"ALTER"))
# Words that a look at the whole statement is worth for, beside the names of what reaches out.
_SIGNS: Final = (b"outfile", b"infile", b"source", b"attach", b"hascolumnintable", rb"\x")
_BEFORE_NAME: Final = frozenset(b"ATTACH MATERIALIZED TABLE VIEW DICTIONARY IF NOT EXISTS".split())
_REMEDY: Final = (
    "Such statements are refused over HTTP, unless UGC_CLICKHOUSE_ALLOW_REACH=1 is in its environment when it starts."
)
_LOCAL_ARGUMENTS: Final = 3  # hasColumnInTable with more of them asks another server
_EXPRESSION_OF_A_COLUMN: Final = frozenset((b"DEFAULT", b"MATERIALIZED", b"EPHEMERAL", b"ALIAS"))
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


class Outside:
    """What reaches out: functions, in lower case because the engine knows most of them in any, and engines."""

    def __init__(self, more_functions: Iterable[str] = ()) -> None:
        functions = {*names.TABLE_FUNCTIONS_OUTSIDE, *names.FUNCTIONS_OUTSIDE, *more_functions}
        self.functions = frozenset(name.lower().encode() for name in functions)
        self.engines = frozenset(name.encode() for name in names.TABLE_ENGINES_OUTSIDE | names.DATABASE_ENGINES_OUTSIDE)
        signs = {*self.functions, *(name.lower() for name in self.engines), *_SIGNS}
        self._signs = re.compile(b"|".join(map(re.escape, sorted(signs))))

    def might_be_in(self, text: bytes) -> bool:
        """Whether any of it stands anywhere in the text; most statements need no closer look."""
        return self._signs.search(text.lower()) is not None

    def reached_by(self, canonical: bytes, texts: Iterable[bytes] = ()) -> str | None:
        """What a statement in the engine's own writing reaches, in words; None when it stays inside.

        `texts` are the values of its parameters.
        """
        found = list(tokens(canonical))
        return (self._called(found, texts) or _file(found) or self._defined(found)) if found else None

    def reached_at_most(self, text: bytes) -> str | None:
        """What a text may reach that the engine cannot parse, or that it parses later, as part of something else."""
        found = list(tokens(text))
        for name, bracket in itertools.pairwise(found):
            escaped = name.kind == "name" and b"\\" in name.text
            if bracket.text == b"(" and (escaped or name.identifier.lower() in self.functions):
                return _call(name)
        return _file(found) or self._defined(found)

    def _called(self, found: list[Token], texts: Iterable[bytes]) -> str | None:
        is_backup = found[0].upper in {b"BACKUP", b"RESTORE"}
        calls = set()
        for position, (name, bracket) in enumerate(itertools.pairwise(found)):
            if name.text == b"APPLY" and bracket.identifier.lower() in self.functions:
                return _call(bracket)
            if bracket.text != b"(" or bracket.start != name.end:
                continue
            called = name.identifier.lower()
            if called == b"hascolumnintable" and (count := _arguments(found[position + 1 :])) > _LOCAL_ARGUMENTS:
                return f"hasColumnInTable() with {count} arguments"
            if called in self.functions and not (is_backup and name.identifier in names.BACKUPS_INSIDE):
                return _call(name)
            calls.add(called)
        return None if calls.isdisjoint(names.READS_SQL) else self._hidden(found, calls, texts)

    def _hidden(self, found: list[Token], calls: set[bytes], texts: Iterable[bytes]) -> str | None:
        """A call in a text that the engine reads as SQL: a query, rows of VALUES, a column with an expression."""
        strings = [_ESCAPED.sub(rb"\1", token.text[1:-1]) for token in found if token.kind == "string"]
        strings += texts
        words = {first.upper for first, second in itertools.pairwise(found) if second.text != b"("}
        whole = b"clickhouse" in calls or b"VALUES" in {*words, *map(bytes.upper, strings)}
        for text in strings:
            if whole or not _EXPRESSION_OF_A_COLUMN.isdisjoint(token.upper for token in tokens(text)):
                reached = self.reached_at_most(text)
                if reached is not None:
                    return reached
        return None

    def _defined(self, found: list[Token]) -> str | None:
        if not found or found[0].upper not in _DEFINES:
            return None
        for position in range(len(found) - 2):
            first, second, third = found[position : position + 3]
            if first.upper == b"ENGINE" and third.identifier in self.engines and second.text == b"=":
                return f"the engine {third.identifier.decode()}"
            if first.upper == b"SOURCE" and second.text == b"(" and first.depth == 0:
                source = third.upper.strip(b"`")
                if source not in names.DICTIONARY_SOURCES_INSIDE:
                    return f"a dictionary of the source {source.decode('utf-8', 'replace')}"
                if any(token.upper in {b"HOST", b"PORT", b"NAME"} for token in found[position:]):
                    return "a dictionary of another server"
        return None


class Judge:
    """Says no to what reaches out of the engine's folder."""

    def __init__(self, connection: Connection, outside: Outside, withheld: Iterable[tuple[str, str]]) -> None:
        self._connection = connection
        self._outside = outside
        self._withheld = frozenset(withheld)
        self._lock = threading.Lock()
        connection.set({"max_query_size": "0"})

    def check(self, sql: bytes, texts: Iterable[str] = ()) -> None:
        """Raise ClickHouseError for a statement that reaches out; `texts` are the values of its parameters."""
        values = [text.encode("utf-8", "surrogateescape") for text in texts]
        if not any(map(self._outside.might_be_in, [sql, *values])):
            return
        canonical = self._canonical(sql)
        if canonical is None:
            reached = next(filter(None, map(self._outside.reached_at_most, [sql, *values])), None)
        else:
            reached = self._outside.reached_by(canonical, values) or self._attached(canonical)
        if reached is not None:
            raise ClickHouseError(ACCESS_DENIED, f"{reached} reaches out of the folder of this server. {_REMEDY}")

    def _attached(self, canonical: bytes) -> str | None:
        """The withheld table that a statement would bring back."""
        found = list(tokens(canonical))
        if found[0].upper != b"ATTACH":
            return None
        after = itertools.dropwhile(lambda token: token.upper in _BEFORE_NAME, found)
        parts = [token.identifier.decode("utf-8", "replace") for token in itertools.islice(after, 3)]
        for database, name in self._withheld:
            if parts[:1] == [name] or (parts[:1] == [database] and parts[2:] == [name]):
                return name
        return None

    def _canonical(self, sql: bytes) -> bytes | None:
        """The statement as the engine writes it; None when it cannot be parsed, as the engine will say itself."""
        quoted = b"'" + sql.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"
        try:
            with self._lock:
                return bytes(self._connection.execute(b"SELECT formatQuery(" + quoted + b")", "RawBLOB").bytes())
        except ClickHouseError:
            return None


def _call(name: Token) -> str:
    return f"{name.identifier.decode('utf-8', 'replace')}()"


def _arguments(found: list[Token]) -> int:
    """How many arguments stand in the brackets that open here."""
    depth, count = found[0].depth, 1
    for token in found[1:]:
        if token.depth == depth:
            break
        count += token.text == b"," and token.depth == depth + 1
    return count


def _file(found: list[Token]) -> str | None:
    """A file that the statement itself names, as command-line clients read and write them."""
    for first, second, third in zip(found, found[1:], found[2:], strict=False):
        if third.kind != "string":
            continue
        if (first.upper, second.upper) in {(b"INTO", b"OUTFILE"), (b"FROM", b"INFILE")}:
            return f"{first.upper.decode()} {second.upper.decode()}"
        if found[0].upper == b"ATTACH" and second.upper == b"FROM" and second.depth == 0:
            return "ATTACH … FROM"
    return None
