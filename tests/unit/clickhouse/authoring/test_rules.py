"""Each rule of the project, kept and broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clickhouse.__main__ import main
from clickhouse.authoring import rules, validation

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """\
CREATE TABLE IF NOT EXISTS ugc.clicks
(
    event_id UUID COMMENT 'id' CODEC(ZSTD(1)),
    x Nullable(UInt32) COMMENT 'a, b (c)',
    INDEX i x TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(event_id)
ORDER BY event_id;
"""
MV = """\
CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.clicks_mv TO ugc.clicks
AS SELECT
    event_id,
    toInt32OrNull(payload) AS x
FROM ugc.events
WHERE event_type = 'click';
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_clicks.sql").write_text(TABLE + MV, encoding="utf-8")
    return tmp_path


def broken(folder: Path, text: str, *types: str) -> str:
    (folder / "0001_clicks.sql").write_text(text, encoding="utf-8")
    return "\n".join(rules.problems(folder, types or ("click",)))


def test_what_keeps_the_rules_passes(folder: Path) -> None:
    assert rules.problems(folder, ["click"]) == []


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("TABLE IF NOT EXISTS", "TABLE", "it must be safe to run twice: IF NOT EXISTS"),
        ("VIEW IF NOT EXISTS", "VIEW", "it must be safe to run twice: IF NOT EXISTS"),
        (" TO ugc.clicks\n", " ENGINE = Memory\n", "an MV writes TO a table of its own name"),
        ("    event_id,\n", "    *,\n", "an MV names its columns"),
        ("    event_id,\n", "    e.*,\n", "an MV names its columns"),
        ("    event_id,\n", "    COLUMNS('a'),\n", "an MV names its columns"),
        (" COMMENT 'a, b (c)'", "", "column x has no COMMENT"),
    ],
)
def test_a_statement_that_breaks_a_rule_is_named_with_it(folder: Path, before: str, after: str, rule: str) -> None:
    text = TABLE + MV
    assert before in text
    assert rule in broken(folder, text.replace(before, after))


@pytest.mark.parametrize(
    "expression",
    [
        "CAST(payload AS Int32)",
        "CAST(payload, 'Int32')",
        "payload::Int32",
        "toInt32(payload)",
        "toUInt8 (payload)",
        "toFloat64(payload)",
        "toDateTime(payload)",
        "toDateTime64(payload, 3)",
        "toDate(payload)",
        "toUUID(payload)",
        "toIPv4(payload)",
        "toDecimal64(payload, 2)",
        "accurateCast(payload, 'Int8')",
        "parseDateTimeBestEffort(payload)",
        "throwIf(payload = '')",
    ],
)
def test_a_cast_that_can_throw_is_refused_in_an_mv_made_or_changed(folder: Path, expression: str) -> None:
    made = MV.replace("toInt32OrNull(payload)", expression)
    assert "can throw, and one bad value then stops the queue" in broken(folder, TABLE + made)
    changed = f"ALTER TABLE ugc.clicks_mv MODIFY QUERY SELECT {expression} AS x FROM ugc.events;"
    assert "can throw" in broken(folder, TABLE + MV + changed)


@pytest.mark.parametrize(
    "expression",
    [
        "toInt32OrNull(payload)",
        "toUUIDOrZero(payload)",
        "toFloat64OrDefault(payload)",
        "accurateCastOrNull(payload, 'Int8')",
        "parseDateTimeBestEffortOrNull(payload)",
        "JSONExtract(payload, 'x', 'Nullable(Int32)')",
        "toUnixTimestamp64Milli(now64(3, 'UTC'))",
        "toDateTime64(0, 3, 'UTC')",
        "'CAST(a AS Int8), a::Int8'",
    ],
)
def test_a_conversion_that_cannot_throw_passes(folder: Path, expression: str) -> None:
    assert broken(folder, TABLE + MV.replace("toInt32OrNull(payload)", expression)) == ""


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("DROP TABLE ugc.clicks;", "IF EXISTS"),
        ("DROP VIEW ugc.clicks_mv;", "IF EXISTS"),
        ("ALTER TABLE ugc.clicks ADD COLUMN y Int8;", "ADD … IF NOT EXISTS"),
        ("ALTER TABLE ugc.clicks DROP COLUMN y;", "ADD … IF NOT EXISTS, DROP … IF EXISTS"),
    ],
)
def test_a_statement_that_cannot_run_twice_is_refused_in_a_down_file_too(
    folder: Path, statement: str, rule: str
) -> None:
    (folder / "0001_clicks.down.sql").write_text(statement, encoding="utf-8")
    assert f"it must be safe to run twice: {rule}" in "\n".join(rules.problems(folder, ["click"]))


def test_an_event_type_of_the_api_without_a_table_and_a_table_without_a_type_are_named(folder: Path) -> None:
    text = broken(folder, TABLE + MV, "page_view")
    assert "event_type page_view of the API has no table with an MV" in text
    assert "ugc.clicks_mv is for event_type click, which the API does not know" in text


def test_the_migrations_of_the_project_keep_the_rules_and_have_every_type_of_the_api() -> None:
    assert validation.problems() == []
    assert main(["validate"]) == 0
