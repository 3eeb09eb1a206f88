"""One system measured in a process of its own: `python -m bench.storage.subject TASK.json RESULT.json`."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.storage.data import chunks
from bench.storage.system import Answer, UnavailableError

if TYPE_CHECKING:
    from bench.storage.system import Session, System


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure. `url` None: the embedded engine, on files below `folder`."""

    system: str
    url: str | None = None
    folder: str
    rows: int
    seed: int
    threads: int
    repeats: int


class Repeat(msgspec.Struct, frozen=True):
    """One insert of all rows, then one query by each thread at once. Seconds."""

    insert_s: float
    wall_s: float
    query_s: list[float]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task: figures, or `why` there are none."""

    version: str | None = None
    why: str | None = None
    repeats: list[Repeat] = []
    stored_bytes: int | None = None
    answers: list[Answer] = []


def measure(system: System, task: Task) -> Outcome:
    """All repeats on one system. Every thread of every repeat must get the same answer, or ValueError."""
    system.prepare(chunks(task.rows, task.seed))
    repeats = []
    answers: list[Answer] = []
    for _ in range(task.repeats):
        system.create()
        started = time.perf_counter()
        system.insert()
        insert_s = time.perf_counter() - started
        system.settle()
        wall_s, query_s, results = _aggregate(system, task.threads)
        for result in results:
            answers = answers or result
            if not same(result, answers):
                raise ValueError(f"answers differ within {system.version}: {result} and {answers}")
        repeats.append(Repeat(insert_s, wall_s, query_s))
    stored_bytes = system.stored_bytes()
    system.close()
    return Outcome(version=system.version, repeats=repeats, stored_bytes=stored_bytes, answers=answers)


def same(one: list[Answer], other: list[Answer]) -> bool:
    """Whether two answers agree: counts exactly, averages but for the order of summation."""
    tolerance = 1e-9
    return len(one) == len(other) and all(
        a.event_type == b.event_type
        and a.events == b.events
        and abs(a.average - b.average) <= tolerance * abs(b.average)
        for a, b in zip(one, other, strict=True)
    )


def _aggregate(system: System, threads: int) -> tuple[float, list[float], list[list[Answer]]]:
    """The wall time, and each thread's time and answer. Connections are open before the clock starts."""
    start = threading.Barrier(threads + 1)

    def ask(session: Session) -> tuple[float, list[Answer]]:
        start.wait()
        began = time.perf_counter()
        answer = session.aggregate()
        return time.perf_counter() - began, sorted(answer)

    sessions = [system.session() for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(ask, session) for session in sessions]
        start.wait()
        began = time.perf_counter()
        results = [query.result() for query in running]
        wall_s = time.perf_counter() - began
    for session in sessions:
        session.close()
    return wall_s, [seconds for seconds, _ in results], [answer for _, answer in results]


def _open(task: Task, folder: Path) -> System:
    """Make the adapter; only the chosen system's client is imported."""
    if task.system == "clickhouse":
        from bench.storage.clickhouse import ClickHouseServer, EmbeddedClickHouse  # noqa: PLC0415

        return ClickHouseServer(task.url) if task.url else EmbeddedClickHouse(folder)
    if task.system == "duckdb":
        from bench.storage.duckdb import DuckDB  # noqa: PLC0415

        return DuckDB(folder)
    if task.system == "postgres":
        from bench.storage.postgres import PostgreSQL  # noqa: PLC0415

        return PostgreSQL(task.url or "")
    from bench.storage.vertica import Vertica  # noqa: PLC0415

    return Vertica(task.url or "")


def main(task_file: Path, result_file: Path) -> None:
    """Measure and write the outcome."""
    task = msgspec.json.decode(task_file.read_bytes(), type=Task)
    with tempfile.TemporaryDirectory(prefix="ugc-bench-", dir=task.folder) as folder:
        try:
            outcome = measure(_open(task, Path(folder)), task)
        except UnavailableError as reason:
            outcome = Outcome(why=f"not reachable: {reason}")
        result_file.write_bytes(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
