"""`python -m tests.rooms`: writes the map of the house into docs/architecture.md, from the imports."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import TYPE_CHECKING

from tests.rooms.graph import HOUSES, ROOT, rooms

if TYPE_CHECKING:
    from pathlib import Path

FILE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- map: begin -->\n", "<!-- map: end -->\n"
_SQL = {
    "clickhouse": "Beside them, without Python: `migrations/`, `views/`, `access/` (SQL) and `server/` (XML).\n",
}


def drawn() -> str:
    """The map: the rooms of each house, top floor first, with their modules and what they import."""
    parts = []
    for house in HOUSES:
        parts.append(f"`{house}/`, by floor:\n")
        for room in rooms(house):
            parts.append(_wrapped(f"{room.floor}  {room.name:<15}{', '.join(room.modules)}"))
            if room.imports:
                parts.append(_wrapped(f"{'':<18}imports {', '.join(room.imports)}"))
        parts.append("")
        if house in _SQL:
            parts.append(_SQL[house])
    return "\n".join(parts)


def _wrapped(line: str) -> str:
    """A line of a block, indented, as wide as the code at most."""
    return textwrap.fill(line, 120, initial_indent=" " * 4, subsequent_indent=" " * 24, drop_whitespace=True)


def written(text: str) -> str:
    """The document with the map of today. Raises `ValueError` when it has no place for one."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{FILE.name} has no lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{drawn()}\n{END}{after}"


def main(arguments: list[str], file: Path = FILE) -> int:
    argparse.ArgumentParser(prog="python -m tests.rooms", description=__doc__).parse_args(arguments)
    file.write_text(written(file.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote the map into {file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
