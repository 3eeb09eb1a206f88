"""Rooms, their sentences and their imports, as the code has them. Imports for type checkers count like all others."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
HOUSES = ("api", "clickhouse")
GROUND = "common"
ENTRANCE = "entrance"
"""What a house has beside its rooms: the modules that start it."""


class Module(Struct, frozen=True):
    """A module; `imports` are dotted names of modules or packages of this project."""

    name: str
    lines: int
    imports: frozenset[str]


class Room(Struct, frozen=True):
    """A folder with its sentence. `floor` is 1 where no other room of the house is imported, else one above those."""

    name: str
    sentence: str
    modules: tuple[str, ...]
    imports: tuple[str, ...]
    floor: int


def modules(house: str) -> list[Module]:
    """Every module of a house, by name."""
    found = []
    for path in sorted((ROOT / house).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        found.append(Module(name, text.count("\n"), frozenset(_imports(ast.parse(text)))))
    return found


def rooms(house: str) -> list[Room]:
    """The rooms of a house, top floor first. Raises `ValueError` when rooms import each other in a circle."""
    inside: dict[str, list[str]] = {}
    imports: dict[str, set[str]] = {}
    for module in modules(house):
        room = _room(module.name)
        inside.setdefault(room, []).append(module.name.rpartition(".")[2])
        imports.setdefault(room, set()).update(
            _room(name) for name in module.imports if name.startswith(f"{house}.") and _room(name) != room
        )
    floors: dict[str, int] = {}
    for room in inside:
        _floor(room, imports, floors, ())
    return sorted(
        (
            Room(
                room,
                _sentence(ROOT / house / ("" if room == ENTRANCE else room) / "__init__.py"),
                tuple(name for name in sorted(inside[room]) if name not in {house, room}),
                tuple(sorted(imports[room])),
                floors[room],
            )
            for room in inside
        ),
        key=lambda room: (-room.floor, room.name),
    )


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(name: str) -> str:
    """The room of a dotted name; modules right below the house are its entrance."""
    parts = name.split(".")
    folder = ROOT / parts[0] / parts[1] if len(parts) > 1 else ROOT
    return parts[1] if len(parts) > 1 and folder.is_dir() else ENTRANCE


def _floor(room: str, imports: Mapping[str, set[str]], floors: dict[str, int], way: tuple[str, ...]) -> int:
    if room in way:
        raise ValueError(f"rooms import each other in a circle: {' → '.join([*way, room])}")
    if room not in floors:
        below = (_floor(other, imports, floors, (*way, room)) for other in imports[room])
        floors[room] = max(below, default=0) + 1
    return floors[room]


def _sentence(door: Path) -> str:
    return " ".join((ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or "").split())
