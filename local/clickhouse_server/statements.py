"""Reads just enough of a statement to route it: its kind, its FORMAT clause, and where the data of an INSERT begins."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import msgspec

from local.clickhouse_server.errors import INTO_OUTFILE_NOT_ALLOWED, NOT_IMPLEMENTED, SYNTAX_ERROR, ClickHouseError
from local.clickhouse_server.lexer import Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

# After these an expression or a name must follow, so a FORMAT there is a column or a table and not the clause.
_WANTS_OPERAND: Final = frozenset(
    b"SELECT DISTINCT FROM JOIN BY WHERE PREWHERE HAVING QUALIFY AND OR NOT ON USING AS IN LIKE ILIKE BETWEEN "
    b"CASE WHEN THEN ELSE LIMIT OFFSET . , + - / % = < > |".split()
)
_REPORTS: Final = frozenset(("SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK"))
_READ_ONLY_KINDS: Final = _REPORTS | {"SELECT", "SET", "USE"}
_KINDS_WITH_RESULT: Final = _REPORTS | {"SELECT", "KILL", "BACKUP", "RESTORE", "WATCH"}


class Statement(msgspec.Struct, frozen=True):
    """One statement without its closing semicolon.

    For an INSERT with data, `sql` ends before its SETTINGS, VALUES or FORMAT, `tail` holds the SETTINGS, and the data
    begin at `data_start` of what was read. When it reads them through the table function input(), `sql` goes on to its
    end, `input_span` is where the call stands in it, and `input_columns` are its arguments.
    """

    kind: str
    sql: bytes
    format: str | None = None
    format_span: tuple[int, int] = (0, 0)
    tail: bytes = b""
    data_start: int | None = None
    input_span: tuple[int, int] | None = None
    input_columns: bytes = b""

    @property
    def is_report(self) -> bool:
        """Whether it has a result and changes nothing, and is no SELECT."""
        return self.kind in _REPORTS

    @property
    def only_reads(self) -> bool:
        return self.kind in _READ_ONLY_KINDS

    @property
    def whole(self) -> bytes:
        """All of the statement that is no data, fit to be parsed."""
        return self.sql if self.data_start is None else b"%b %b FORMAT Values" % (self.sql, self.tail)

    @property
    def without_format(self) -> bytes:
        before, behind = self._around_format
        return before + b" " + behind

    @property
    def _around_format(self) -> tuple[bytes, bytes]:
        start, end = self.format_span if self.format else (len(self.sql), len(self.sql))
        return self.sql[:start], self.sql[end:]

    @property
    def has_result(self) -> bool:
        return self.kind in _KINDS_WITH_RESULT

    def with_output(self, clause: bytes) -> bytes:
        """The SELECT with `clause` (INTO OUTFILE … FORMAT …) where its own FORMAT clause stood."""
        before, behind = self._around_format
        return before + b"\n" + clause + b" " + behind


def parse(head: bytes) -> Statement:
    """Parse what a client sent: the whole of it, or at least its first part when it is an INSERT with data behind it.

    Raises ClickHouseError for an empty query, more than one statement, or clauses that are for command-line clients.
    """
    stream = tokens(head)
    first = next(stream, None)
    if first is None or first.text == b";":
        raise ClickHouseError(SYNTAX_ERROR, "Empty query.")
    if first.upper == b"INSERT" or (first.upper == b"WITH" and _skip_to_insert(stream)):
        insert = _parse_insert(head, stream)
        if insert is not None:
            return insert
    return _parse_plain(head)


def _skip_to_insert(stream: Iterator[Token]) -> bool:
    """Whether INSERT follows the expressions of WITH; if so, the stream stands behind it."""
    for token in stream:
        if token.depth == 0 and token.upper == b"INSERT":
            return True
        if token.depth == 0 and token.upper == b"SELECT":
            return False
    return False


def _parse_plain(text: bytes) -> Statement:
    found = list(tokens(text))
    end = len(text)
    for position, token in enumerate(found):
        if token.text == b";" and token.depth == 0:
            if any(later.text != b";" for later in found[position + 1 :]):
                where = found[position + 1].start
                message = f"Syntax error (Multi-statements are not allowed): failed at position {where + 1}."
                raise ClickHouseError(SYNTAX_ERROR, message)
            end, found = token.start, found[:position]
            break
    _check_home(found)
    kind = _kind(found)
    top = [token for token in found if token.depth == 0]
    if kind == "SELECT" and any(a.upper == b"INTO" and b.upper == b"OUTFILE" for a, b in itertools.pairwise(top)):
        raise ClickHouseError(INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed.")
    clause = _format_clause(top)
    if clause is None:
        return Statement(kind, text[:end])
    word, name = clause
    return Statement(kind, text[:end], name.text.decode("latin-1"), (word.start, name.end))


def _check_home(found: list[Token]) -> None:
    """No connection of the engine can be made without these databases, not even one to make them again."""
    if len(found) > 1 and found[0].upper in {b"DROP", b"DETACH", b"RENAME"} and found[1].upper == b"DATABASE":
        home = {token.identifier for token in found[2:]} & {b"default", b"system"}
        if home:
            message = f"The embedded server cannot be without its database {home.pop().decode()}."
            raise ClickHouseError(NOT_IMPLEMENTED, message)


def _kind(found: list[Token]) -> str:
    first = found[0].upper
    if first == b"WITH":
        starts = (token.upper for token in found[1:] if token.depth == 0)
        return next((word.decode() for word in starts if word in {b"SELECT", b"INSERT"}), "SELECT")
    return "SELECT" if first in {b"(", b"FROM"} else first.decode("latin-1")


def _format_clause(top: list[Token]) -> tuple[Token, Token] | None:
    for position in range(len(top) - 2, 0, -1):
        word, name = top[position], top[position + 1]
        if word.upper != b"FORMAT" or not name.text[:1].isalpha():
            continue
        following = top[position + 2].upper if position + 2 < len(top) else b""
        if following in {b"", b"SETTINGS"} and top[position - 1].upper not in _WANTS_OPERAND:
            return word, name
    return None


def _parse_insert(head: bytes, stream: Iterator[Token]) -> Statement | None:
    """An INSERT that brings its data along; None when it takes them from a SELECT."""
    cut: int | None = None
    for token in _after_table_name(stream):
        word = token.upper
        if word in {b"SELECT", b"WITH", b"WATCH"} or (word == b"(" and _opens_select(head, token.end)):
            return _parse_insert_from_input(head)
        if word == b"FROM":
            raise ClickHouseError(NOT_IMPLEMENTED, "INSERT … FROM INFILE is for command-line clients: send the data.")
        if word == b"SETTINGS":
            cut = token.start
        elif word == b"VALUES":
            first = next(stream, None)
            return _insert(head, cut, token, "Values", first.start if first else len(head))
        elif word == b"FORMAT":
            return _insert(head, cut, token, *_format_of_data(head, stream))
    end = len(head.rstrip(b"; \t\r\n"))
    cut = end if cut is None else cut
    return Statement("INSERT", head[:cut], tail=head[cut:end], data_start=len(head))


def _parse_insert_from_input(head: bytes) -> Statement | None:
    """INSERT … SELECT … FROM input('…') FORMAT …, with the data behind it; None for any other SELECT."""
    stream = tokens(head)
    before, previous = b"", next(stream, None)
    name = bracket = end = None
    for token in stream:
        if previous and token.text == b"(" and previous.upper == b"INPUT" and before in {b"FROM", b"JOIN"}:
            name, bracket = previous, token
        if bracket and not end and token.text == b")" and token.depth == bracket.depth:
            end = token
        if name and bracket and end and token.depth == 0 and token.upper == b"FORMAT":
            call, columns = (name.start, end.end), head[bracket.end : end.start]
            format_name, start = _format_of_data(head, stream)
            return Statement(
                "INSERT", head[: token.start], format_name, data_start=start, input_span=call, input_columns=columns
            )
        before, previous = previous.upper if previous else b"", token
    if name:
        raise ClickHouseError(SYNTAX_ERROR, "Syntax error: FORMAT and the data of input() are expected.")
    return None


def _format_of_data(head: bytes, stream: Iterator[Token]) -> tuple[str, int]:
    """The name behind FORMAT, and where the data begin."""
    name = next(stream, None)
    if name is None:
        raise ClickHouseError(SYNTAX_ERROR, "Syntax error: a format name is expected after FORMAT.")
    return name.text.decode("latin-1"), _skip_line_end(head, name.end)


def _after_table_name(stream: Iterator[Token]) -> Iterator[Token]:
    """The tokens at depth 0 behind the name of the table, which may itself be called `format` or `values`."""
    named, previous = False, b""
    for token in stream:
        if token.depth == 0:
            if named and previous != b".":
                yield token
            named = named or token.upper not in {b"INTO", b"TABLE", b"FUNCTION"}
            previous = token.text


def _opens_select(head: bytes, start: int) -> bool:
    inside = next(tokens(head[start : start + 4096]), None)
    return inside is not None and inside.upper in {b"SELECT", b"WITH", b"("}


def _insert(head: bytes, cut: int | None, clause: Token, name: str, data_start: int) -> Statement:
    begin = clause.start if cut is None else cut
    return Statement("INSERT", head[:begin], name, tail=head[begin : clause.start], data_start=data_start)


def _skip_line_end(head: bytes, start: int) -> int:
    if head[start : start + 1] == b";":
        raise ClickHouseError(SYNTAX_ERROR, "You have excessive ';' symbol before data for INSERT.")
    while head[start : start + 1] in {b" ", b"\t", b"\f"}:
        start += 1
    if head[start : start + 1] == b"\r":
        start += 1
    return start + 1 if head[start : start + 1] == b"\n" else start
