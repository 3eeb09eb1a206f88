"""Tools that tests need and no lock brings: found on this machine, or fetched once into a folder that git ignores."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE = ROOT / ".ugc-tools"


class ToolMissingError(RuntimeError):
    """Something that tests need is not on this machine; the text says what."""


def need(*tools: Callable[[], object]) -> None:
    """Leave the tests out that lack a tool, and say why; where CI is set, that is a failure."""
    try:
        for find in tools:
            find()
    except ToolMissingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def tool(name: str, hint: str) -> str:
    """Return where the tool is. Raises ToolMissingError."""
    found = shutil.which(name)
    if found is None:
        raise ToolMissingError(f"no {name}: {hint}")
    return found
