"""The storage comparison: its rows, its judgement, its report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from rich.console import Console

from bench.__main__ import main
from bench.machine import this_machine
from bench.settings import Settings
from bench.storage.compare import BRIEF, Comparison, compare, measured_apart, row_of, spread
from bench.storage.data import as_csv, chunks, reference
from bench.storage.report import as_table, cells, plot
from bench.storage.subject import Outcome, Repeat, Task, measure, same
from bench.storage.system import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_RIGHT = [Answer("a", 2, 1.5), Answer("b", 1, 3.0)]


class FakeSystem:
    """Holds nothing, and answers what it is told to, one answer a session."""

    version = "Fake 1"

    def __init__(self, answers: list[list[Answer]]) -> None:
        self._answers = iter(answers)
        self.done: list[str] = []

    def prepare(self, chunks: Iterable[Any]) -> None:
        self.done.append(f"prepare {sum(len(chunk) for chunk in chunks)}")

    def create(self) -> None:
        self.done.append("create")

    def insert(self) -> None:
        self.done.append("insert")

    def settle(self) -> None:
        self.done.append("settle")

    def session(self) -> FakeSession:
        return FakeSession(next(self._answers))

    def stored_bytes(self) -> int:
        return 50

    def close(self) -> None:
        self.done.append("close")


class FakeSession:
    def __init__(self, answer: list[Answer]) -> None:
        self._answer = answer

    def aggregate(self) -> list[Answer]:
        return self._answer

    def close(self) -> None:
        pass


def _task(**changes: Any) -> Task:
    return Task(**{"system": "fake", "folder": "", "rows": 100, "seed": 1, "threads": 4, "repeats": 2, **changes})


def test_rows_are_the_same_for_a_seed_and_in_the_order_of_time() -> None:
    one, other = list(chunks(1_000, 5)), list(chunks(1_000, 5))
    assert one[0].equals(other[0])
    assert not one[0].equals(next(chunks(1_000, 6)))
    times = one[0]["event_time"].to_pylist()
    assert times == sorted(times)


def test_rows_come_in_chunks_of_a_million_at_most() -> None:
    assert [len(chunk) for chunk in chunks(2_000_001, 1)] == [1_000_000, 1_000_000, 1]


def test_reference_counts_every_row_and_its_csv() -> None:
    answers, csv_bytes = reference(10_000, 1)
    assert sum(answer.events for answer in answers) == 10_000
    assert csv_bytes == sum(len(as_csv(chunk)) for chunk in chunks(10_000, 1))
    assert 35 < answers[0].average < 45


def test_measuring_makes_the_table_anew_for_each_repeat() -> None:
    system = FakeSystem([_RIGHT] * 8)
    outcome = measure(system, _task())
    assert system.done == ["prepare 100", *["create", "insert", "settle"] * 2, "close"]
    assert [len(repeat.query_s) for repeat in outcome.repeats] == [4, 4]
    assert outcome.answers == _RIGHT


def test_threads_with_different_answers_are_an_error() -> None:
    with pytest.raises(ValueError, match="answers differ within Fake 1"):
        measure(FakeSystem([_RIGHT, [Answer("a", 3, 1.5)], _RIGHT, _RIGHT]), _task())


def test_answers_agree_but_for_the_order_of_summation() -> None:
    assert same(_RIGHT, [Answer("a", 2, 1.5 + 1e-12), Answer("b", 1, 3.0)])
    assert not same(_RIGHT, [Answer("a", 2, 1.50001), Answer("b", 1, 3.0)])
    assert not same(_RIGHT, [Answer("a", 3, 1.5), Answer("b", 1, 3.0)])
    assert not same(_RIGHT, _RIGHT[:1])


def test_spread_of_one_measurement_has_no_deviation() -> None:
    assert spread([2.0]).deviation is None
    figures = spread([1.0, 2.0, 3.0])
    assert (figures.mean, figures.deviation, figures.least, figures.most) == (2.0, 1.0, 1.0, 3.0)


def test_figures_stand_beside_those_of_the_brief() -> None:
    outcome = Outcome(version="X 1", repeats=[Repeat(2.0, 0.4, [0.1, 0.3])], stored_bytes=50, answers=_RIGHT)
    row = row_of("clickhouse", outcome, _RIGHT, 200)
    assert row.right is True
    assert row.ratio == 4.0
    assert (row.brief_insert_s, row.brief_query_s) == BRIEF["clickhouse"] == (46.64, 0.27)
    assert "46.64" in cells(row)


def test_a_wrong_answer_fails_the_comparison() -> None:
    outcome = Outcome(version="X 1", repeats=[Repeat(2.0, 0.4, [0.1])], stored_bytes=50, answers=_RIGHT[:1])
    row = row_of("duckdb", outcome, _RIGHT, 200)
    assert cells(row)[-1] == "WRONG"
    assert Comparison(1, 1, 1, 1, 1, [row]).failed


def test_systems_that_are_not_reachable_have_a_row_with_the_reason(tmp_path: Path) -> None:
    settings = Settings(bench_postgres_url="postgresql://nobody@127.0.0.1:1/none")
    comparison = compare(
        ["vertica", "postgres"], settings, rows=100, seed=1, threads=2, repeats=1, say=lambda _what: None
    )
    vertica, postgres = comparison.systems
    assert vertica.why == "not reachable: UGC_BENCH_VERTICA_URL is not set"
    assert vertica.brief_insert_s == 100.43
    assert (postgres.why or "").startswith("not reachable: ")
    assert not comparison.failed
    console = Console(record=True, quiet=True, width=200)
    console.print(as_table(comparison, this_machine()))
    plot(comparison, this_machine(), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_subject_that_dies_is_a_row_that_fails(tmp_path: Path) -> None:
    outcome = measured_apart(_task(system="duckdb", folder=str(tmp_path / "missing")), tmp_path)
    assert (outcome.why or "").startswith("failed: FileNotFoundError")
    assert Comparison(1, 1, 1, 1, 1, [row_of("duckdb", outcome, _RIGHT, 1)]).failed


def test_clickhouse_and_duckdb_give_the_right_answer_on_disk(tmp_path: Path) -> None:
    figures, image = tmp_path / "storage.json", tmp_path / "storage.png"
    arguments = ["--systems", "clickhouse", "duckdb", "--rows", "20000", "--repeats", "2"]
    assert main(["storage", *arguments, "--json", str(figures), "--plot", str(image)]) == 0
    report = json.loads(figures.read_bytes())
    for row in report["comparison"]["systems"]:
        assert row["right"] is True
        assert row["stored_bytes"] > 10_000
        assert row["insert_s"]["mean"] > 0
    assert report["machine"] == msgspec.to_builtins(this_machine())
    assert image.read_bytes().startswith(b"\x89PNG")
