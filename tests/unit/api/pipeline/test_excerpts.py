"""Single values of a JSON text, whatever else it holds."""

from __future__ import annotations

import pytest

from api.pipeline.excerpts import as_text, text_at, value_at

TEXT = (
    b'{"a": {"b": [1, {"c": "\\u043a"}, null]}, "twice": 1, "twice": [2 , 3], "deep": ' + b"[" * 50 + b"]" * 50 + b"}"
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", TEXT),
        ("$.a", b'{"b": [1, {"c": "\\u043a"}, null]}'),
        ("$.a.b[0]", b"1"),
        ("$.a.b[1].c", b'"\\u043a"'),
        ("$.a.b[2]", b"null"),
        ("$.twice", b"[2 , 3]"),
        ("$.twice[1]", b"3"),
        ("$.a.b[3]", None),
        ("$.a.b[65]", None),
        ("$.a[0]", None),
        ("$.a.b.c", None),
        ("$.b", None),
        ("$.a[...]", None),
        ("$.a['b']", None),
    ],
)
def test_value_is_that_of_the_path_as_it_was_written(path: str, value: bytes | None) -> None:
    assert value_at(TEXT, path) == value


def test_text_is_what_a_string_means() -> None:
    assert text_at(TEXT, "$.a.b[1].c") == "\u043a"
    assert text_at(TEXT, "$.a") is text_at(TEXT, "$.z") is None


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a": 1', b'{"a": 1}}', b'{"a": ' + b"[" * 5000, b"\xff", b'{"a": "\\ud800"}']
)
def test_what_cannot_be_read_has_no_values(text: bytes) -> None:
    found = value_at(text, "$.a")
    assert found is None or as_text(found) is None
