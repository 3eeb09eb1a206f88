"""Imports run one way. The rules are contracts in `pyproject.toml`; `lint-imports` judges them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ("api", "bench", "clickhouse", "common", "local")

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

HELD = ["parts", "api", "clickhouse"]

RULES: dict[str, str] = {
    each["id"]: each["name"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}


def judge(root: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Judge the code below `root` by one contract."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--contract", contract, "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("contract", HELD)
def test_imports_run_one_way(contract: str) -> None:
    done = judge(ROOT, contract)
    assert done.returncode == 0, f"{RULES[contract]}\n{done.stdout}{done.stderr}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.sql", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("api", "api/pipeline/clock.py", "from api.guards import clients\n"),
        ("api", "api/pipeline/clock.py", "from api.sink import kafka\n"),
        ("api", "api/guards/bots.py", "from api.telemetry import metrics\n"),
        ("api", "api/resources/openapi.py", "if TYPE_CHECKING:\n    from api.documentation import openapi\n"),
        ("parts", "common/names.py", "from api.pipeline import limits\n"),
        ("parts", "api/app.py", "from local import gate\n"),
    ],
)
def test_an_import_upwards_is_found_and_told_by_its_rule(copy: Path, contract: str, module: str, line: str) -> None:
    with (copy / module).open("a") as file:
        file.write(line)
    done = judge(copy, contract)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout
    assert RULES[contract] in " ".join(done.stdout.split())


def test_a_room_without_a_floor_is_found(copy: Path) -> None:
    (copy / "api" / "attic").mkdir()
    (copy / "api" / "attic" / "__init__.py").touch()
    done = judge(copy, "api")
    assert done.returncode == 1
    assert "attic" in done.stdout
