"""Tokens are those of ClickHouse's lexer: each case was run through it."""

from __future__ import annotations

import pytest

from local.clickhouse_server.lexer import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["SELECT", "1"]),
        ("SELECT/* /* nested; */ ; */1", ["SELECT", "1"]),
        ("SELECT 1 -- a ; b\n;", ["SELECT", "1", ";"]),
        ("SELECT 1 // a ; b\n;", ["SELECT", "1", ";"]),
        ("SELECT 1 # a ;\n #! b ;\n;", ["SELECT", "1", ";"]),
        ("SELECT 1 /* open ;", ["SELECT", "1"]),
        ("\ufeffSELECT\u00a0\u2003\u30001\u200b", ["SELECT", "1"]),
        ("SELECT 'a''b\\'; ', `c``\\`;`, \"d\"\";\"", ["SELECT", "'a''b\\'; '", ",", "`c``\\`;`", ",", '"d"";"']),
        ("SELECT \u2018it's\\\u2019, \u201cname;\u201d", ["SELECT", "\u2018it's\\\u2019", ",", "\u201cname;\u201d"]),
        ("SELECT $$;'$$, $t$ $$ ; $t$, a$b, $c", ["SELECT", "$$;'$$", ",", "$t$ $$ ; $t$", ",", "a$b", ",", "$c"]),
        ("5\u22123", ["5", "\u2212", "3"]),
        ("'open ;", ["'open ;"]),
    ],
)
def test_blanks_comments_and_quotes_are_the_engines(text: str, expected: list[str]) -> None:
    assert [token.text.decode() for token in tokens(text.encode())] == expected


def test_name_is_what_its_quotes_hold() -> None:
    names = [token.identifier for token in tokens("a `b` \"c\" \u201cd\u201d 'e' (".encode())]
    assert names == [b"a", b"b", b"c", b"d", b"", b""]


def test_depth_counts_brackets_of_all_kinds() -> None:
    depths = [(token.text, token.depth) for token in tokens(b"f(a[{1}])")]
    assert depths[-3:] == [(b"}", 2), (b"]", 1), (b")", 0)]
