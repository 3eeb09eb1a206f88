"""The house: few rooms, few floors, a sentence at every door, imports that run one way, and a map that is current."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rooms.__main__ import FILE, drawn, written
from tests.rooms.graph import ENTRANCE, GROUND, HOUSES, ROOT, modules, rooms

MOST_ROOMS, MOST_FLOORS, MOST_LINES = 8, 6, 300
PARTS = ("api", "clickhouse", "common", "local", "bench")


@pytest.mark.parametrize("house", HOUSES)
def test_a_house_has_few_rooms_and_few_floors_and_no_circle(house: str) -> None:
    found = rooms(house)
    assert len([room for room in found if room.name != ENTRANCE]) <= MOST_ROOMS
    assert max(room.floor for room in found) <= MOST_FLOORS
    for room in found:
        assert room.sentence.endswith("."), f"{house}/{room.name}: the door has no sentence"


@pytest.mark.parametrize("part", PARTS)
def test_a_module_can_be_held_in_the_head(part: str) -> None:
    assert [module.name for module in modules(part) if module.lines > MOST_LINES] == []


def test_the_ground_imports_no_other_part() -> None:
    for module in modules(GROUND):
        assert {name.partition(".")[0] for name in module.imports} & {*PARTS, "tests"} <= {GROUND}, module.name


@pytest.mark.parametrize("house", HOUSES)
def test_parts_are_entered_by_nobody_below(house: str) -> None:
    for module in modules(house):
        assert not any(name.startswith(("local.", "bench.", "tests.")) for name in module.imports), module.name


def test_the_map_in_the_docs_is_current() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert written(text) == text, "run python -m tests.rooms"


def test_the_map_shows_every_room_that_is_there() -> None:
    for house in HOUSES:
        for door in (ROOT / house).glob("*/__init__.py"):
            assert re.search(rf"^    \d  {door.parent.name}\b", drawn(), re.MULTILINE), door.parent.name
    assert Path(FILE).is_file()
