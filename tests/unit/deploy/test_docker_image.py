"""The Dockerfile: what it starts from, what it copies, what it installs, and as whom the result runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "requirements" / "api.lock"


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    split = (line.split(None, 1) for line in text.splitlines() if line.strip())
    return [(keyword, " ".join(rest.split())) for keyword, rest in split]


def copied() -> set[str]:
    """Return what is copied from the project, not from another stage."""
    arguments = [words.split() for keyword, words in instructions() if keyword == "COPY"]
    return {source for words in arguments if not words[0].startswith("--from") for source in words[:-1]}


def installed() -> set[str]:
    """Return the distributions that [project.dependencies] lead to, directly or not, on this platform."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    todo = [Requirement(line) for line in wanted]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needs = [Requirement(line) for line in requires(name) or []]
            todo += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return {name for name, _ in seen}


def imported(package: str) -> set[str]:
    """Return the top-level names that the modules of a package import, wherever in the module."""
    names: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names


def test_base_images_have_exact_versions_and_the_same_python() -> None:
    bases = [words.split()[0] for keyword, words in instructions() if keyword == "FROM"]
    versions = [re.fullmatch(r"python:(\d+\.\d+\.\d+)-(slim-)?(\w+)", base) for base in bases]
    assert all(versions), bases
    assert len({(found[1], found[3]) for found in versions if found}) == 1
    assert "-slim-" in bases[-1]


def test_everything_that_is_copied_is_in_the_repository() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for source in copied():
        assert any(path == source or path.startswith(f"{source}/") for path in tracked), source


def test_builder_sees_what_is_copied_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied()


def test_nothing_is_fetched_but_by_pip_with_hashes() -> None:
    assert {keyword for keyword, _ in instructions()} <= {
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "EXPOSE",
        "CMD",
    }
    runs = " ".join(words for keyword, words in instructions() if keyword == "RUN")
    assert not re.search(r"\b(curl|wget|apt-get|git)\b", runs)
    installs = re.findall(r"pip install[^&]*", runs)
    assert installs
    for install in installs:
        assert "--only-binary :all: --require-hashes --requirement api.lock" in install
    assert str(LOCK.relative_to(ROOT)) in copied()


def test_image_runs_as_a_numeric_user_without_rights() -> None:
    users = [words for keyword, words in instructions() if keyword == "USER"]
    assert users == ["10001:10001"], "numeric, so that an orchestrator can tell that it is not root"
    assert [keyword for keyword, _ in instructions()][-3:] == ["USER", "EXPOSE", "CMD"]


def test_image_gets_all_that_its_dependencies_lead_to_with_hashes() -> None:
    picked = LOCK.read_text()
    locked = dict(re.findall(r"^([a-z0-9._-]+)==[^\n]*\\\n((?:    --hash=\S+(?: \\)?\n)+)", picked, re.MULTILINE))
    assert installed() - set(locked) == set()
    assert len(re.findall(r"^[^\s#]", picked, re.MULTILINE)) == len(locked), "a requirement without its hashes"


def test_image_gets_nothing_of_the_embedded_tier_the_benchmarks_or_the_tests() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    unwanted = {canonicalize_name(Requirement(line).name) for lines in groups.values() for line in lines}
    # PyYAML and packaging serve the tests, and Swagger UI's package needs them as well; lz4 the embedded tier, and
    # clickhouse-connect.
    assert unwanted & set(re.findall(r"^([a-z0-9._-]+)==", LOCK.read_text(), re.MULTILINE)) <= {
        "pyyaml",
        "packaging",
        "lz4",
    }


def test_image_holds_every_package_that_its_code_imports() -> None:
    ours = {source for source in copied() if (ROOT / source).is_dir()}
    owners = packages_distributions()
    image = installed()
    for package in ours:
        for name in imported(package) - ours - sys.stdlib_module_names:
            assert image & {canonicalize_name(owner) for owner in owners.get(name, [])}, f"{package} imports {name}"
