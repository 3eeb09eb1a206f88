"""`python -m bench NAME`: dispatches to one benchmark, and imports only that one."""

from __future__ import annotations

import importlib
import sys
from typing import Final

COMMANDS: Final = {
    "traffic": ("bench.traffic.command", "simulate the audience's day against the API, over HTTP"),
    "freshness": ("bench.freshness", "the time from a POST to a query that shows the event"),
    "outage": ("bench.outage", "what clients see while the broker hangs, and what becomes of their events"),
    "seam": ("bench.seam.command", "requests per CPU second of the HTTP server, its alternatives, and the whole API"),
    "slow_clients": ("bench.slow_clients", "how fast others are served while thousands send a byte a second"),
    "storage": (
        "bench.storage.command",
        "the same rows and query in ClickHouse, Vertica, PostgreSQL, DuckDB",
    ),
    "views": ("bench.views", "every question of analysts over 10 million events, and what FINAL costs"),
}


def main(argv: list[str]) -> int:
    """Run the benchmark that the first argument names. Returns its exit code, 2 for a name that does not exist."""
    if not argv or argv[0] in {"-h", "--help"}:
        print(_usage())
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        print(f"error: no benchmark is called {argv[0]!r}; there are: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        module = importlib.import_module(COMMANDS[argv[0]][0])
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.startswith("bench"):
            raise
        print(f"error: {argv[0]} needs {missing.name}, which ./run_tests.sh adds to .venv", file=sys.stderr)
        return 2
    return int(module.main(argv[1:]))


def _usage() -> str:
    lines = ["usage: python -m bench NAME [options]", "", "benchmarks (each has --help and --json FILE):"]
    lines += [f"  {name:12} {purpose}" for name, (_, purpose) in COMMANDS.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
