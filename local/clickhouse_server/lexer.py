"""Splits SQL into tokens where ClickHouse's own lexer does: its blanks, comments and quotes, those of Unicode too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# What word processors and web pages leave between words: no-break and wide spaces, line separators, a byte order mark.
_SPACES: Final = rb"\xe1\xa0\x8e | \xe2\x80[\x80-\x8d\xa8\xa9\xaf] | \xe2\x81[\x9f\xa0] | \xe3\x80\x80"
_UNICODE_BLANK: Final = rb"\xc2[\x85\xa0] | \xef\xbb\xbf | " + _SPACES
# Nothing is escaped between typographic quotes.
_SINGLE_QUOTES: Final = ("\u2018".encode(), "\u2019".encode())
_DOUBLE_QUOTES: Final = ("\u201c".encode(), "\u201d".encode())
_MINUS: Final = "\u2212".encode()
_TOKEN: Final = re.compile(
    rb"""
      (?P<word>[A-Za-z_0-9] [A-Za-z_0-9$]*)
    | (?P<blank>[ \t\r\n\f\v\0]+ | (?:-- | // | \#[!\ ]) [^\n]* | %b)
    | (?P<string>'(?:[^'\\]|\\.|'')*(?:'|\Z) | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | %b.*?(?:%b|\Z))
    | (?P<name>`(?:[^`\\]|\\.|``)*(?:`|\Z) | "(?:[^"\\]|\\.|"")*(?:"|\Z) | %b.*?(?:%b|\Z))
    | (?P<comment>/\*)
    | (?P<dollar>[A-Za-z_0-9$]+)
    | (?P<other>%b | .)
    """
    % (_UNICODE_BLANK, *_SINGLE_QUOTES, *_DOUBLE_QUOTES, _MINUS),
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE: Final = re.compile(rb"/\*|\*/")
_QUOTES: Final = tuple(sorted((b"'", b'"', b"`", *_SINGLE_QUOTES, *_DOUBLE_QUOTES), key=len, reverse=True))


class Token(NamedTuple):
    text: bytes
    start: int
    end: int
    depth: int
    kind: str
    """`word`, `name` (a quoted identifier), `string` or `other`."""

    @property
    def upper(self) -> bytes:
        return self.text.upper()

    @property
    def identifier(self) -> bytes:
        """The name that a word or a quoted name stands for, as long as nothing in it is escaped."""
        if self.kind != "name":
            return self.text if self.kind == "word" else b""
        quote = next(quote for quote in _QUOTES if self.text.startswith(quote))
        return self.text[len(quote) : -len(quote)]


def tokens(text: bytes) -> Iterator[Token]:
    """The tokens of a statement without blanks and comments, each with its depth in brackets."""
    depth = position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "comment":
            position = _end_of_comment(text, position)
            continue
        if kind == "blank":
            continue
        token = match.group()
        if token in b")]}":
            depth -= 1
        yield Token(token, match.start(), match.end(), depth, "word" if kind == "dollar" else str(kind))
        if token in b"([{":
            depth += 1


def _end_of_comment(text: bytes, start: int) -> int:
    """Where a comment ends whose inside begins at `start`; one may hold others."""
    level = 1
    for edge in _COMMENT_EDGE.finditer(text, start):
        level += 1 if edge.group() == b"/*" else -1
        if level == 0:
            return edge.end()
    return len(text)
