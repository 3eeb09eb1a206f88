"""`new common-column`: what is refused, and that then nothing is written; what is written, as text."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from clickhouse.__main__ import main
from clickhouse.authoring.scaffold import column_types, common_column
from clickhouse.connection.errors import OperationError, UsageError
from clickhouse.schema import catalog, definitions, runner, sqlfile, views

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Migrations and views that a test may add to."""
    return (
        shutil.copytree(runner.FOLDER, tmp_path / "migrations"),
        shutil.copytree(views.FOLDER, tmp_path / "views"),
    )


def contents(*folders: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for folder in folders for path in folder.iterdir()}


@pytest.mark.parametrize(
    "text",
    [
        "Date",
        "DateTime64(3)",
        "UUID",
        "UInt128",
        "Int256",
        "Float32",
        "Array(String)",
        "Nullable(Array(String))",
        "Nullable(Nullable(String))",
        "Nullable(LowCardinality(String))",
        "LowCardinality(UInt8)",
        "Enum8('a' = 1)",
        "string",
        "String DEFAULT 'x'",
        "String, evil String",
        "",
    ],
)
def test_a_type_that_the_wire_cannot_give_without_harm_is_refused_and_those_that_it_can_are_named(
    folders: tuple[Path, Path], text: str
) -> None:
    before = contents(*folders)
    with pytest.raises(UsageError, match=r"read without harm as String, .*Float64, or Nullable\(…\)"):
        common_column.write("experiment", text, *folders)
    assert contents(*folders) == before


@pytest.mark.parametrize("name", ["Experiment", "seat-row", "1st", "", "a__b", "a b"])
def test_a_name_that_is_no_column_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "common-column", name, "String"]) == 2
    assert "lower case" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["common-column"], ["common-column", "a"], ["common-column", "a", "Bool", "b"]])
def test_a_name_without_a_type_is_asked_for_both(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", *arguments]) == 2
    assert "new common-column NAME TYPE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("is_bot", "ugc.events has a column is_bot already"),
        ("payload", "ugc.events has a column payload already"),
        ("kafka_offset", "ugc.events has a column kafka_offset already"),
        ("x", "ugc.clicks has a column x already"),
        ("query", "ugc.search_filters has a column query already"),
        ("now_ms", "ugc.events_mv uses the name now_ms already"),
        ("match", "ugc.events_mv uses the name match already"),
        ("from", "ugc.events_mv uses the name from already"),
        ("raw", "ugc.events_errors_mv uses the name raw already"),
    ],
)
def test_a_name_that_means_something_already_is_refused_and_nothing_is_written(
    folders: tuple[Path, Path], name: str, reason: str
) -> None:
    before = contents(*folders)
    with pytest.raises(OperationError, match=re.escape(reason)):
        common_column.write(name, "String", *folders)
    assert contents(*folders) == before


def test_a_reader_that_is_not_as_expected_is_named_and_nothing_is_written(folders: tuple[Path, Path]) -> None:
    reader = folders[1] / "clicks.sql"
    reader.write_text(reader.read_text(encoding="utf-8").replace("    is_bot,\n", ""), encoding="utf-8")
    before = contents(*folders)
    with pytest.raises(OperationError, match=r"views/clicks\.sql: .* stands in it 0 times"):
        common_column.write("experiment", "String", *folders)
    assert contents(*folders) == before


def test_a_table_that_the_schema_does_not_know_yet_asks_for_a_dump(folders: tuple[Path, Path], tmp_path: Path) -> None:
    old = tmp_path / "schema.sql"
    old.write_text(
        "".join(f"{sql};\n\n" for name, sql in definitions.read({}).items() if name != "ugc.clicks"), encoding="utf-8"
    )
    with pytest.raises(OperationError, match=r"schema\.sql has no ugc\.clicks: python -m clickhouse dump --write"):
        common_column.write("experiment", "String", *folders, old)


def test_tables_come_first_and_the_queue_last_and_the_way_back_is_the_text_as_it_was(
    folders: tuple[Path, Path],
) -> None:
    tables = ["ugc.events", *(typed.table for typed in catalog.in_files(folders[0]).values())]
    made = common_column.write("experiment", "LowCardinality(String)", *folders)
    number = int(made.files[0].name[:4])
    assert [path.name for path in made.files[:6]] == [
        f"{number + step:04d}_experiment_{what}{way}.sql"
        for step, what in enumerate(("columns", "typed_views", "queue"))
        for way in ("", ".down")
    ]
    up, down = ([sqlfile.statements(sqlfile.read(path)) for path in made.files[start:6:2]] for start in (0, 1))
    assert [re.findall(r"ALTER TABLE (ugc\.\w+)\s+ADD", each)[0] for each in up[0]] == tables
    assert [re.findall(r"ALTER TABLE (ugc\.\w+)\s+DROP", each)[0] for each in down[0]] == tables[::-1]
    assert [re.findall(r"ALTER TABLE (ugc\.\w+)_mv MODIFY QUERY", each)[0] for each in up[1]] == tables[1:]
    assert [each.split()[:3] for each in map(sqlfile.bare, up[2])] == [
        ["DROP", "TABLE", "IF"],
        ["CREATE", "TABLE", "IF"],
        ["ALTER", "TABLE", "ugc.events_errors_mv"],
        ["ALTER", "TABLE", "ugc.events_mv"],
        ["DROP", "TABLE", "IF"],
        ["CREATE", "TABLE", "IF"],
    ]
    assert "experiment" not in "".join(map(sqlfile.bare, down[1] + down[2]))
    first_queue = sqlfile.statements(sqlfile.read(next(folders[0].glob("*_events_queue.sql"))))
    assert (down[2][1], down[2][-1]) == (sqlfile.bare(first_queue[0]), first_queue[-1])


def test_what_has_to_be_done_by_hand_is_told_with_the_field_of_the_wire(folders: tuple[Path, Path]) -> None:
    steps = "\n".join(common_column.write("seat_row", "Nullable(UInt16)", *folders).next_steps)
    assert "add `seat_row: int | None = None` to WireEvent in api/pipeline/wire.py" in steps
    assert "before the API" in steps


def test_spaces_in_a_type_do_not_matter() -> None:
    assert column_types.column_type("Nullable( UInt16 )") == column_types.column_type("Nullable(UInt16)")
