"""requirements/*.lock against pyproject.toml, which they are made from, and against each other."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PROJECT["dependency-groups"]

# What each lock is for; the first three are sets within each other.
WANTED: dict[str, list[str]] = {"api": PROJECT["project"]["dependencies"]}
WANTED["app"] = [*WANTED["api"], *GROUPS["local"]]
WANTED["tests"] = [*WANTED["app"], *GROUPS["bench"], *GROUPS["test"]]
WANTED["installer"] = GROUPS["installer"]

OURS = {"api", "bench", "clickhouse", "common", "local", "tests"}
# What runs with which lock installed.
STORAGE_COMPARISON = set((ROOT / "bench" / "storage").rglob("*.py"))
CODE: dict[str, set[Path]] = {
    "api": {path for room in ("api", "clickhouse", "common") for path in (ROOT / room).rglob("*.py")}
}
CODE["app"] = CODE["api"] | {path for room in ("local", "bench") for path in (ROOT / room).rglob("*.py")}
CODE["app"] -= STORAGE_COMPARISON
CODE["tests"] = CODE["app"] | STORAGE_COMPARISON | set((ROOT / "tests").rglob("*.py"))

# What no module imports, and why it is there all the same.
NOT_IMPORTED = {
    "redis": "limits imports it for a storage in Redis",
    "swagger-ui-py": "the API serves its files",
    "pandas": "chDB looks for it",
    "pytest-timeout": "pytest loads it",
    "pytest-xdist": "pytest loads it",
    "mypy": "run_tests.sh runs it",
    "ruff": "run_tests.sh runs it",
    "import-linter": "tests run its command",
    "types-pyyaml": "mypy reads it",
    "types-psutil": "mypy reads it",
    "uv": "local/environment.sh and local/lock.sh run it",
}

# Wheels that ask for what they can do without, as uv is told.
SAID_TO_NEED = {one["name"]: one["requires-dist"] for one in PROJECT["tool"]["uv"]["dependency-metadata"]}


def locked(lock: str) -> dict[str, Requirement]:
    """Return a lock's requirements by name."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    found = [Requirement(line) for line in re.findall(r"^([^\s#].*?) ?\\$", text, re.MULTILINE)]
    assert len({requirement.name for requirement in found}) == len(found)
    return {requirement.name: requirement for requirement in found}


def version(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "=="
    return pin.version


def imported(files: Iterable[Path]) -> dict[str, str]:
    """Return the top-level names that modules import when they run, each with a module that does."""
    found: dict[str, str] = {}
    for path in files:
        todo: list[ast.AST] = [ast.parse(path.read_text(), str(path))]
        while todo:
            node = todo.pop()
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                todo += node.orelse
                continue
            todo += ast.iter_child_nodes(node)
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            else:
                continue
            found |= {module.split(".")[0]: str(path.relative_to(ROOT)) for module in modules}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | OURS}


OWNERS = packages_distributions()


def owners(name: str) -> set[str]:
    return {canonicalize_name(owner) for owner in OWNERS.get(name, [])}


def closure(wanted: list[str]) -> set[str]:
    """Return the names that requirements lead to, directly or not, on this platform."""
    todo = [Requirement(line) for line in wanted]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            needs = SAID_TO_NEED.get(name, requires(name)) or []
            for need in map(Requirement, needs):
                if need.marker is None or need.marker.evaluate({"extra": extra}):
                    need.marker = None
                    todo.append(need)
    return {name for name, _ in seen}


@pytest.mark.parametrize("lock", WANTED)
def test_every_requirement_of_a_lock_has_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    with_hashes = re.findall(
        r"^[^\s#]\S*==\S+( ; .+)? \\\n    --hash=sha256:[0-9a-f]{64}( \\\n|\n)", text, re.MULTILINE
    )
    assert with_hashes
    assert len(with_hashes) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))


@pytest.mark.parametrize("lock", WANTED)
def test_every_dependency_is_locked_at_a_version_that_it_allows(lock: str) -> None:
    pins = locked(lock)
    for wanted in map(Requirement, WANTED[lock]):
        name = canonicalize_name(wanted.name)
        assert name in pins, f"{name} is not in {lock}.lock: run local/lock.sh"
        assert version(pins[name]) in wanted.specifier, f"{pins[name]} is not {wanted}: run local/lock.sh"


@pytest.mark.parametrize("lock", ["api", "app", "tests"])
def test_a_lock_has_all_that_its_dependencies_lead_to(lock: str) -> None:
    assert closure(WANTED[lock]) - set(locked(lock)) == set(), "run local/lock.sh"


@pytest.mark.parametrize(("smaller", "larger"), [("api", "app"), ("app", "tests")])
def test_a_larger_lock_has_the_versions_of_the_smaller(smaller: str, larger: str) -> None:
    of_smaller = {name: version(requirement) for name, requirement in locked(smaller).items()}
    assert of_smaller.items() <= {name: version(requirement) for name, requirement in locked(larger).items()}.items()


def test_every_file_in_the_folder_is_a_lock_that_is_described() -> None:
    assert {path.name for path in (ROOT / "requirements").iterdir()} == {f"{lock}.lock" for lock in WANTED}


def test_no_lock_names_where_packages_are_fetched_from() -> None:
    for lock in WANTED:
        assert "://" not in (ROOT / "requirements" / f"{lock}.lock").read_text()


@pytest.mark.parametrize("lock", CODE)
def test_every_package_that_code_imports_is_declared_for_where_it_runs(lock: str) -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in WANTED[lock]}
    names = imported(CODE[lock])
    assert names
    for name, module in names.items():
        # What has no wheel for this machine is not here to say whose it is.
        assert owners(name) & declared or name in declared, f"{module} imports {name}, which is not in pyproject.toml"


def test_every_dependency_is_imported_or_has_another_use() -> None:
    used = {owner for name in imported(CODE["tests"]) for owner in owners(name) | {name}}
    declared = {canonicalize_name(Requirement(line).name) for lines in WANTED.values() for line in lines}
    assert declared - used == set(NOT_IMPORTED)
