"""What a scaffold hands back, and how names are checked."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TC003 - msgspec reads the annotation

from msgspec import Struct

from clickhouse.connection.errors import UsageError

PLACEHOLDER = "say what it is, and what it is when not given"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Scaffold(Struct, frozen=True):
    """What was written, and what has to be done by hand."""

    files: list[Path]
    next_steps: list[str]


def check_name(name: str, what: str, example: str) -> None:
    """UsageError unless the name is in lower case with underscores."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name}: {what} is named in lower case with underscores, for instance {example}")
