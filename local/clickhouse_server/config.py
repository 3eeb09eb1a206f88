"""The folders of one embedded server, and the configuration file that chDB reads."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

import msgspec

_TEMPLATE: Final = Path(__file__).with_name("config.xml")


class FolderInUseError(Exception):
    """Another process has the data folder."""


class DataFolder(msgspec.Struct, frozen=True):
    """Where a server keeps what it has: the engine's own files, its configuration, and data on their way in."""

    root: Path

    @property
    def engine(self) -> Path:
        return self.root / "engine"

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    @property
    def connection_string(self) -> str:
        return f"{self.engine}?config-file={self.root / 'config.xml'}"

    def take(self) -> None:
        """Make the folders and hold them for the life of this process; throw away what a killed one left in `incoming`.

        Raises OSError when the folder cannot be written, FolderInUseError when another process has it.
        """
        # The engine starts its background work on dropped tables only when there is a metadata folder to load: without
        # one, on the very first start, DROP TABLE … SYNC would wait for ever and no dropped table would leave the disk.
        (self.engine / "metadata").mkdir(parents=True, exist_ok=True)
        lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise FolderInUseError from error
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir()
        (self.root / "config.xml").write_bytes(_TEMPLATE.read_bytes())
