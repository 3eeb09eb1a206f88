"""What the broker still held when the stack had to stop: kept in a file, because this broker keeps nothing itself.

The file is a sequence of messages, each after its length in 8 bytes. It is written whole or not at all, and is removed
only when ClickHouse has committed what was produced from it again; repeating it makes no duplicate (event ids).
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LENGTH_BYTES = 8


def save(file: Path, messages: Iterable[bytes], *, keep: bool) -> int:
    """Write messages to `file` durably; with `keep` after those that it already holds. Returns how many were added."""
    unfinished = file.with_suffix(".unfinished")
    added = 0
    with unfinished.open("wb") as out:
        if keep and file.exists():
            with file.open("rb") as kept:
                shutil.copyfileobj(kept, out)
        for message in messages:
            out.write(len(message).to_bytes(LENGTH_BYTES, "big"))
            out.write(message)
            added += 1
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(file)
    return added


def load(file: Path) -> Iterator[bytes]:
    """Yield the messages of `file` in the order in which they were saved."""
    with file.open("rb") as source:
        while length := source.read(LENGTH_BYTES):
            yield source.read(int.from_bytes(length, "big"))
