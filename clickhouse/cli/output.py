"""What commands print: a table for people, JSON for programs."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def show(found: Iterable[Mapping[str, Any]], *columns: str, title: str, style: str = "table") -> None:
    """Print rows; `style` is `table` or `json` (one array, times in RFC 3339)."""
    if style == "json":
        as_json([dict(row) for row in found])
        return
    table = Table(*columns, title=title, title_justify="left")
    for row in found:
        table.add_row(*(_text(row[column]) for column in columns))
    console().print(table)


def as_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def console() -> Console:
    """A console that truncates nothing when it does not write to a terminal."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:,}" if type(value) is int else escape(str(value))
