"""`python -m bench seam`: requests per CPU second of the HTTP server alone, of its alternatives, and of the whole API.

Single events of 1.2 KB over connections that are kept open. Each server has one worker, on a core of its own when there
are two; all of them in turns, several times, and the median is what counts. CPU seconds are those of all its processes.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from bench.figures import write_json
from bench.machine import Machine, this_machine
from bench.seam.load import UnexpectedAnswerError, send

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
# On the path, so that the applications are found by their names from any working tree.
APPS: Final = Path(__file__).resolve().parent
START_WITHIN_S: Final = 30.0
WARM_UP_S: Final = 1.0
BODY_BYTES: Final = 1200

_EVENT: Final = {"event_type": "custom", "anonymous_id": "bench-seam", "name": "seam", "properties": {"text": ""}}
_SERVE: Final = "import sys; from api.__main__ import main; sys.exit(main([], sys.argv[1]))"


class Subject(NamedTuple):
    """A server: what it is called, what it needs to be installed, and how it is started."""

    name: str
    needs: tuple[str, ...]
    command: tuple[str, ...]
    folder: Path = ROOT


class Rate(msgspec.Struct, frozen=True):
    """Requests per CPU second: the median, and all runs."""

    name: str
    median: float
    runs: list[float]


class Figures(msgspec.Struct, frozen=True):
    """`absent` are subjects that are not installed."""

    seconds: float
    connections: int
    body_bytes: int
    rates: list[Rate]
    absent: list[str]
    machine: Machine


def subjects(before: Path | None) -> list[Subject]:
    """All servers; `before` is a working tree of another commit of this project."""
    gunicorn = (
        sys.executable,
        "-m",
        "gunicorn",
        "--workers",
        "1",
        "--log-level",
        "warning",
        "--bind",
        "127.0.0.1:{port}",
    )
    granian = (
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--loop",
        "uvloop",
        "--no-ws",
        "--log-level",
        "warning",
    )
    serve = (sys.executable, "-c", _SERVE)
    found = [
        Subject(
            "Falcon on gunicorn's asgi worker",
            ("gunicorn.workers.gasgi",),
            (*gunicorn, "--worker-class", "asgi", "--asgi-loop", "uvloop", "empty_app:app"),
        ),
        Subject(
            "Falcon on gunicorn with uvicorn-worker",
            ("uvicorn_worker",),
            (*gunicorn, "--worker-class", "uvicorn_worker.UvicornWorker", "empty_app:app"),
        ),
        Subject("Falcon on granian", ("granian",), (*granian, "--port", "{port}", "empty_app:app")),
        Subject("Falcon on this seam", (), (*serve, "empty_app:app")),
        Subject("this API", (), (*serve, "api_app:app")),
    ]
    if before is not None:
        found.append(Subject("Falcon on the seam before", (), (*serve, "empty_app:app"), before))
        found.append(Subject("this API before", (), (*serve, "api_app:app"), before))
    return found


def main(argv: list[str]) -> int:
    """Return 0 when everything that is installed was measured, 2 when something could not be."""
    arguments = _parser().parse_args(argv)
    try:
        figures = measure(arguments.before, arguments.only, arguments.seconds, arguments.repeat, arguments.connections)
    except (UnexpectedAnswerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    Console().print(as_table(figures))
    if arguments.json:
        write_json(figures, arguments.json)
    return 0


def measure(before: Path | None, only: list[str], seconds: float, repeat: int, connections: int) -> Figures:
    """Measure all subjects whose names hold one of the texts in `only`, in turns."""
    wanted = [each for each in subjects(before) if not only or any(text in each.name for text in only)]
    absent = [each.name for each in wanted if any(importlib.util.find_spec(name) is None for name in each.needs)]
    wanted = [each for each in wanted if each.name not in absent]
    runs: dict[str, list[float]] = {each.name: [] for each in wanted}
    for _ in range(repeat):
        for subject in wanted:
            runs[subject.name].append(round(_rate(subject, seconds, connections), 1))
    rates = [Rate(name, round(statistics.median(found), 1), found) for name, found in runs.items()]
    return Figures(seconds, connections, BODY_BYTES, rates, absent, this_machine())


def _rate(subject: Subject, seconds: float, connections: int) -> float:
    """Requests per CPU second in one run of one server."""
    request = _request()
    with _running(subject) as (process, port):
        send(port, request, connections, min(WARM_UP_S, seconds))
        before = _cpu_seconds(process)
        answered = send(port, request, connections, seconds)
        return answered / (_cpu_seconds(process) - before)


def _request() -> bytes:
    bare = len(msgspec.json.encode(_EVENT))
    body = msgspec.json.encode({**_EVENT, "properties": {"text": "x" * (BODY_BYTES - bare)}})
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:143.0) "
        "Gecko/20100101 Firefox/143.0\r\nAccept: */*\r\nAccept-Language: de,en-US;q=0.7,en;q=0.3\r\nAccept-Encoding: "
        "gzip, deflate, br, zstd\r\nReferer: https://cinema.example/\r\nOrigin: https://cinema.example\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


@contextlib.contextmanager
def _running(subject: Subject) -> Iterator[tuple[psutil.Process, int]]:
    """Start the server on the last core, and leave it to itself there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = os.pathsep.join([str(APPS), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {"UGC_API_PORT": str(port), "UGC_API_WORKERS": "1", "UGC_RATE_LIMIT": "off", "PYTHONPATH": path}
    command = [word.format(port=port) if "{port}" in word else word for word in subject.command]
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        # Inherited by all that the server starts.
        os.sched_setaffinity(0, {max(cores)})
    try:
        process = psutil.Popen(command, cwd=subject.folder, env={**os.environ, **variables}, stdout=subprocess.DEVNULL)
    finally:
        os.sched_setaffinity(0, cores - {max(cores)} if len(cores) > 1 else cores)
    try:
        _wait_for(port, process)
        yield process, port
    finally:
        process.terminate()
        process.wait(30)
        os.sched_setaffinity(0, cores)


def _wait_for(port: int, process: psutil.Popen) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        try:
            send(port, _request(), 1, 0.0)
        except (OSError, UnexpectedAnswerError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            threading.Event().wait(0.05)
        else:
            return


def _cpu_seconds(process: psutil.Process) -> float:
    every = [process, *process.children(recursive=True)]
    return sum(times.user + times.system for times in (each.cpu_times() for each in every))


def as_table(figures: Figures) -> Table:
    """The figures for a terminal."""
    table = Table(title=f"Requests per CPU second, {figures.machine}", title_justify="left", box=None)
    table.add_column("")
    table.add_column("median", justify="right")
    table.add_column("runs")
    for rate in figures.rates:
        table.add_row(rate.name, f"{rate.median:,.0f}", " ".join(f"{each:,.0f}" for each in rate.runs))
    for name in figures.absent:
        table.add_row(name, "-", "not installed")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench seam",
        description="Requests per CPU second of the HTTP server, of its alternatives, and of the whole API without a "
        "broker. uvicorn-worker and granian are measured when they are installed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each, in turns")
    parser.add_argument("--connections", type=int, default=32, help="connections that are kept open")
    parser.add_argument("--only", nargs="*", default=[], metavar="TEXT", help="subjects whose names hold one of these")
    parser.add_argument(
        "--before", type=Path, metavar="FOLDER", help="a working tree of another commit to compare with"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return parser
