"""Runs every system in its own process, one after another, and judges the answers."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from bench.storage.data import reference
from bench.storage.subject import Outcome, Task, same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.settings import Settings
    from bench.storage.system import Answer

# What the project's brief reports for 10,000,000 rows, in seconds: insert, and aggregation by 8 threads.
BRIEF: Final = {"clickhouse": (46.64, 0.27), "vertica": (100.43, 0.73)}
SYSTEMS: Final = ("clickhouse", "vertica", "postgres", "duckdb")
_LONGEST_S: Final = 3600
_LONGEST_REASON: Final = 300


class Spread(msgspec.Struct, frozen=True):
    """Mean, standard deviation (None for a single measurement) and extremes, in seconds."""

    mean: float
    deviation: float | None
    least: float
    most: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One system's figures, or `why` it has none. `ratio`: CSV bytes over stored bytes."""

    system: str
    version: str | None = None
    why: str | None = None
    insert_s: Spread | None = None
    query_s: Spread | None = None
    wall_s: Spread | None = None
    stored_bytes: int | None = None
    ratio: float | None = None
    right: bool | None = None
    brief_insert_s: float | None = None
    brief_query_s: float | None = None


class Comparison(msgspec.Struct, frozen=True):
    """All rows, of one run on one machine."""

    rows: int
    seed: int
    threads: int
    repeats: int
    csv_bytes: int
    systems: list[Row]

    @property
    def failed(self) -> bool:
        """Whether a system that was reached gave a wrong answer or none."""
        return any(row.right is False for row in self.systems)


def spread(values: Sequence[float]) -> Spread:
    """Sum up at least one measurement."""
    deviation = round(statistics.stdev(values), 4) if len(values) > 1 else None
    return Spread(round(statistics.fmean(values), 4), deviation, round(min(values), 4), round(max(values), 4))


def compare(
    systems: Sequence[str],
    settings: Settings,
    *,
    rows: int,
    seed: int,
    threads: int,
    repeats: int,
    say: Callable[[str], None],
) -> Comparison:
    """Measure `systems`, each in its own process. `say` hears what is being done."""
    say("the right answer")
    right, csv_bytes = reference(rows, seed)
    figures = []
    with tempfile.TemporaryDirectory(prefix="ugc-bench-") as folder:
        for system in systems:
            say(system)
            url, missing = _address(system, settings)
            task = Task(system=system, url=url, folder=folder, rows=rows, seed=seed, threads=threads, repeats=repeats)
            outcome = Outcome(why=missing) if missing else measured_apart(task, Path(folder))
            figures.append(row_of(system, outcome, right, csv_bytes))
    return Comparison(rows, seed, threads, repeats, csv_bytes, figures)


def measured_apart(task: Task, folder: Path) -> Outcome:
    """Run a task in a process of its own. A process that dies is an outcome too: its last line says why."""
    task_file, result_file = folder / f"{task.system}.task.json", folder / f"{task.system}.result.json"
    task_file.write_bytes(msgspec.json.encode(task))
    command = [sys.executable, "-m", "bench.storage.subject", str(task_file), str(result_file)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LONGEST_S)
    except subprocess.TimeoutExpired:
        return Outcome(why=f"failed: took longer than {_LONGEST_S} s")
    if not result_file.is_file():
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Outcome(why=f"failed: {last[:_LONGEST_REASON]}")
    return msgspec.json.decode(result_file.read_bytes(), type=Outcome)


def row_of(system: str, outcome: Outcome, right: list[Answer], csv_bytes: int) -> Row:
    """Turn an outcome into figures, with the brief's beside."""
    brief_insert_s, brief_query_s = BRIEF.get(system, (None, None))
    if outcome.why:
        return Row(
            system=system,
            why=outcome.why,
            right=False if outcome.why.startswith("failed") else None,
            brief_insert_s=brief_insert_s,
            brief_query_s=brief_query_s,
        )
    return Row(
        system=system,
        version=outcome.version,
        insert_s=spread([repeat.insert_s for repeat in outcome.repeats]),
        query_s=spread([seconds for repeat in outcome.repeats for seconds in repeat.query_s]),
        wall_s=spread([repeat.wall_s for repeat in outcome.repeats]),
        stored_bytes=outcome.stored_bytes,
        ratio=round(csv_bytes / outcome.stored_bytes, 2) if outcome.stored_bytes else None,
        right=same(outcome.answers, right),
        brief_insert_s=brief_insert_s,
        brief_query_s=brief_query_s,
    )


def _address(system: str, settings: Settings) -> tuple[str | None, str | None]:
    """The URL of a system, and why it cannot be reached without one."""
    urls = {
        "clickhouse": settings.bench_clickhouse_url,
        "vertica": settings.bench_vertica_url,
        "postgres": settings.bench_postgres_url,
    }
    url = urls.get(system)
    if url or system in {"clickhouse", "duckdb"}:
        return url, None
    return None, f"not reachable: UGC_BENCH_{system.upper()}_URL is not set"
