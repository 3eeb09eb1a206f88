"""What the broker still held when the stack stopped, kept in a file, because this broker stores nothing on disk.

The file is a sequence of messages, each after its length in 8 bytes. It is written completely or not at all, and
removed only when ClickHouse has committed what was produced from it again; repeating it makes no duplicate (event ids).
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from common.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from common.topic import Topic

LENGTH_BYTES = 8


class Leftovers:
    """The messages of one stack that its broker held when it stopped."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # Where they end in the topic, by partition; None before they are in it.
        self._end: dict[int, int] | None = None

    def put_back(self, topic: Topic) -> int:
        """Produce them again; returns how many. They stay in the file until ClickHouse has committed them."""
        self._end = None
        if not self._file.exists():
            return 0
        count = topic.write(load(self._file))
        self._end = topic.fence()
        return count

    def drop_when_consumed(self, topic: Topic) -> None:
        if self._end and not topic.unread(self._end):
            self.drop()

    def drop(self) -> None:
        """Forget them: ClickHouse has them all."""
        self._file.unlink(missing_ok=True)
        self._end = None

    def keep_unconsumed(self, topic: Topic, patience_s: float) -> int:
        """Wait until ClickHouse has everything, and keep what it does not get in time; returns how many messages."""
        fence = topic.fence()
        if not wait_until(lambda: not topic.unread(fence), patience_s) and (waiting := topic.unread(fence)):
            # What is in the topic again is among the unread; what is not must stay in the file.
            return save(self._file, topic.read(waiting), keep=self._end is None)
        if self._end is not None:
            self.drop()
        return 0


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
