"""Documents for people: as wide as the code, and without words that nobody says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDTH = 120
# Tables, blocks of code and addresses are not wrapped.
_AS_IT_IS = re.compile(r"\s*\||\s{4,}|.*https?://")
_NOBODY_SAYS = re.compile(r"brought home|bring home|made anew|spoils? the group|hears of|what is none")


def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split()]


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_a_line_of_text_is_as_wide_as_the_code_at_most(path: Path) -> None:
    too_wide, in_code = [], False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and len(line) > WIDTH and not _AS_IT_IS.match(line):
            too_wide.append(number)
    assert too_wide == []


def test_no_text_has_words_that_nobody_says() -> None:
    names = ["*.md", "*.py", "*.sql", "*.sh", "*.yml", ":!tests/unit/test_documents.py"]
    listed = subprocess.run(["git", "ls-files", *names], cwd=ROOT, capture_output=True, text=True, check=True)
    found = {
        name: match[0]
        for name in listed.stdout.split()
        if (match := _NOBODY_SAYS.search((ROOT / name).read_text(encoding="utf-8")))
    }
    assert found == {}
