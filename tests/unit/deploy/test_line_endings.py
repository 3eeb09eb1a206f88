"""What a checkout writes where git is told to end lines as Windows does."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_checkout_with_crlf_turned_on_has_lf_all_the_same(tmp_path: Path) -> None:
    command = ["git", "-c", "core.autocrlf=true", "checkout-index", "--all", f"--prefix={tmp_path}/"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert Path("run_app.sh") in written
    assert [path for path, content in written.items() if path.suffix != ".png" and b"\r" in content] == []


def test_pictures_are_left_as_they_are(tmp_path: Path) -> None:
    command = [
        "git",
        "-c",
        "core.autocrlf=true",
        "checkout-index",
        f"--prefix={tmp_path}/",
        "bench/reports/storage.png",
    ]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    picture = Path("bench/reports/storage.png")
    assert (tmp_path / picture).read_bytes() == (ROOT / picture).read_bytes()
