"""The OpenAPI document in the tools that people use with it: linters, and generators of TypeScript.

The tools are what package-lock.json pins, installed once for each lock. A laptop without Node.js skips these tests; CI does not.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from api.documentation.openapi import document
from tests.support.kafka_tools import CACHE, ToolMissingError, need
from tests.support.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HERE: Final = ROOT / "tests" / "clients"
LOCK: Final = HERE / "package-lock.json"
EVENT_OF: Final = {
    "openapi-typescript": 'import type { components } from "./types";\n'
    'export type Event = components["schemas"]["Event"];\n',
    "openapi-ts": 'export type { Event } from "./types/types.gen";\n',
}
STRICT: Final = ("--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--moduleResolution", "bundler")


def modules() -> Path:
    """Return the folder of the tools, installed once for each lock. Raises ToolMissingError."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise ToolMissingError("no node or npm: install Node.js 20.19 or newer, which the generators of clients need")
    folder = CACHE / f"clients-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, timeout=280, check=False
        )
        if done.returncode:
            raise ToolMissingError(f"npm could not install the tools of tests/clients: {done.stderr}")
        (folder / "installed").touch()
    return folder / "node_modules"


@pytest.fixture(scope="module")
def tools() -> Path:
    need(modules)
    return modules()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    return tmp_path


def _run(tools: Path, folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tools / ".bin" / name, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("name", "arguments"), [("redocly", ()), ("spectral", ("--ruleset", str(HERE / "spectral.yaml")))]
)
def test_linter_finds_no_error(tools: Path, folder: Path, name: str, arguments: tuple[str, ...]) -> None:
    done = _run(tools, folder, name, "lint", "openapi.json", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("openapi-typescript", ("openapi.json", "-o", "types.ts")),
        ("openapi-ts", ("-i", "openapi.json", "-o", "types", "--no-log-file")),
    ],
)
def test_generated_types_compile_and_narrow(tools: Path, folder: Path, name: str, arguments: tuple[str, ...]) -> None:
    done = _run(tools, folder, name, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "event.ts").write_text(EVENT_OF[name])
    shutil.copy(HERE / "usage.ts", folder)
    done = _run(tools, folder, "tsc", *STRICT, "--module", "esnext", "--lib", "es2022,dom,dom.iterable", "usage.ts")
    assert done.returncode == 0, done.stdout
