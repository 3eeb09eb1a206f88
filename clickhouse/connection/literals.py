"""Values as literals of ClickHouse's SQL: for DDL, where the server binds no parameters."""

from __future__ import annotations


def quoted(text: str) -> str:
    """A text in single quotes, with what would end it escaped."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
