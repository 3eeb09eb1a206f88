"""The command line: every command explains itself and is documented; times are read as people write them."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clickhouse.__main__ import main
from clickhouse.cli import times
from clickhouse.cli.main import parser

ROOT = Path(__file__).resolve().parents[4]


def commands() -> list[str]:
    (subcommands,) = (each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    return sorted(subcommands.choices)


def test_every_module_of_a_command_is_in_the_command_line() -> None:
    modules = {
        path.stem
        for path in (ROOT / "clickhouse" / "cli").glob("*.py")
        if re.search(r"^NAME\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert modules == set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_command_explains_itself_and_is_documented(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"python -m clickhouse {command}" in capsys.readouterr().out
    texts = [(ROOT / "docs" / "operations.md"), ROOT / "README.md", ROOT / "docs" / "production.md"]
    assert any(f"{command}" in text.read_text(encoding="utf-8") for text in texts)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T10:00:00+01:00", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23 10:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, time: datetime) -> None:
    assert times.parse(text) == time


def test_a_time_may_be_how_long_ago() -> None:
    assert abs(datetime.now(UTC) - timedelta(hours=2) - times.parse("2h")) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2x", "-5m", "2026-13-01", "999999999d", "0001-01-01T00:00:00+05:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time"):
        times.parse(text)


@pytest.mark.parametrize("text", ["1969-12-31", "2100-01-01", "30000d"])
def test_a_time_that_clickhouse_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a time from 1970 to 2099"):
        times.parse(text)


@pytest.mark.parametrize(
    "arguments", [["errors", "list", "--limit", "0"], ["reconcile", "--settle", "nan"], ["replay", "--within", "-1"]]
)
def test_a_number_out_of_range_is_a_wrong_argument(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2


def test_a_replay_begins_at_an_offset_a_time_or_the_oldest_message() -> None:
    assert times.parse_start("earliest") == "earliest"
    assert times.parse_start("812") == 812
    assert times.parse_start("2026-11-23") == "ms:1795392000000"
