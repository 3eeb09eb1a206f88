"""The OpenAPI document in the tools that people use with it: linters, and generators of TypeScript.

The tools are what package-lock.json pins, fetched once. A laptop that npm cannot fetch them to skips these tests.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

import pytest

from api.documentation.openapi import document
from tests.support.client_tools import HERE, modules, run
from tests.support.tools import need

if TYPE_CHECKING:
    from pathlib import Path

EVENT_OF: Final = {
    "openapi-typescript": 'import type { components } from "./types";\n'
    'export type Event = components["schemas"]["Event"];\n',
    "openapi-ts": 'export type { Event } from "./types/types.gen";\n',
}
STRICT: Final = ("--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--moduleResolution", "bundler")


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    need(modules)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "arguments"), [("redocly", ()), ("spectral", ("--ruleset", str(HERE / "spectral.yaml")))]
)
def test_linter_finds_no_error(folder: Path, name: str, arguments: tuple[str, ...]) -> None:
    done = run(name, "lint", "openapi.json", *arguments, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("openapi-typescript", ("openapi.json", "-o", "types.ts")),
        ("openapi-ts", ("-i", "openapi.json", "-o", "types", "--no-log-file")),
    ],
)
def test_generated_types_compile_and_narrow(folder: Path, name: str, arguments: tuple[str, ...]) -> None:
    done = run(name, *arguments, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "event.ts").write_text(EVENT_OF[name])
    shutil.copy(HERE / "usage.ts", folder)
    done = run("tsc", *STRICT, "--module", "esnext", "--lib", "es2022,dom,dom.iterable", "usage.ts", folder=folder)
    assert done.returncode == 0, done.stdout
