"""What the broker still held when the stack had to stop: kept in a file, because this broker keeps nothing itself.

The file is a sequence of messages, each after its length in 8 bytes. It is written whole or not at all, and is removed
only when ClickHouse has committed what was produced from it again; repeating it makes no duplicate (event ids).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

LENGTH_BYTES = 8


def save(file: Path, messages: Iterable[bytes]) -> int:
    """Write messages to `file` durably, after those that it already holds; returns how many were added."""
    kept = list(load(file)) if file.exists() else []
    added = list(messages)
    unfinished = file.with_suffix(".unfinished")
    with unfinished.open("wb") as out:
        for message in (*kept, *added):
            out.write(len(message).to_bytes(LENGTH_BYTES, "big"))
            out.write(message)
        out.flush()
        os.fsync(out.fileno())
    unfinished.replace(file)
    return len(added)


def load(file: Path) -> Iterator[bytes]:
    """Yield the messages of `file` in the order in which they were saved."""
    with file.open("rb") as source:
        while length := source.read(LENGTH_BYTES):
            yield source.read(int.from_bytes(length, "big"))
