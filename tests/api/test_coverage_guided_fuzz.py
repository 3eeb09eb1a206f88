"""The fuzzer that coverage guides (`tests/fuzz`), for some seconds; and that it finds what is planted.

`UGC_TEST_FUZZ_SECONDS` is how long (default 5).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.support.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = int(os.environ.get("UGC_TEST_FUZZ_SECONDS", "5"))

# pyproject.toml says where there is a wheel. CI runs on such a machine, and what it lacks is a failure there.
pytestmark = pytest.mark.skipif(
    find_spec("atheris") is None and not os.environ.get("CI"), reason="atheris has no wheel for this Python or machine"
)


def _fuzz(module: str, folder: Path, *arguments: str, seconds: int) -> tuple[int, str, list[str]]:
    """The exit code, what was printed, and the names of what broke the target."""
    python = (sys.executable, "-W", "error", "-m")
    done = subprocess.run(
        [*python, f"tests.fuzz.{module}", *arguments, "--seconds", str(seconds), "--corpus", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + 60,
        check=False,
    )
    broken = sorted(path.name.partition("-")[0] for path in folder.glob("*-*"))
    return done.returncode, done.stdout + done.stderr, broken


def _figure(pattern: str, output: str) -> int:
    found = re.search(pattern, output, re.MULTILINE)
    assert found, output[-3000:]
    return int(found[1])


@pytest.mark.timeout(0)
def test_no_input_breaks_the_way_from_bytes_to_the_wire(tmp_path: Path) -> None:
    code, output, broken = _fuzz("decoder", tmp_path, seconds=SECONDS)
    assert (code, broken) == (0, []), output[-3000:]
    executed = _figure(r"^stat::number_of_executed_units: (\d+)", output)
    at_first, at_last = _figure(r"INITED cov: (\d+)", output), _figure(r"DONE +cov: (\d+)", output)
    print(f"{executed} inputs, coverage {at_first} to {at_last}")
    assert executed > 500 * SECONDS
    assert at_first > 200, "the code under test reports no coverage"
    assert at_last > at_first, "coverage guided it nowhere"


@pytest.mark.parametrize(
    ("fault", "found"), [("crash", "crash"), ("hoard", "crash"), ("bomb", "crash"), ("hang", "timeout")]
)
def test_planted_fault_is_found(tmp_path: Path, fault: str, found: str) -> None:
    code, output, broken = _fuzz("planted", tmp_path, fault, seconds=60)
    assert code != 0
    assert broken == [found], output[-3000:]
    assert ("MemoryError" in output) is (fault in {"hoard", "bomb"})
