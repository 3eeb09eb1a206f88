"""The folders of one embedded server, and the configuration file that chDB reads."""

from __future__ import annotations

import shutil
from pathlib import Path
from string import Template
from typing import Final

import msgspec

_TEMPLATE: Final = Path(__file__).with_name("config.xml")


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
    def config_file(self) -> Path:
        return self.root / "config.xml"

    @property
    def connection_string(self) -> str:
        return f"{self.engine}?config-file={self.config_file}"

    def prepare(self) -> None:
        """Make the folders, write the configuration, throw away what a killed process left in `incoming`.

        Raises OSError when the folder cannot be written.
        """
        self.engine.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir()
        text = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(INSTANCE=self.root.name.strip("."))
        self.config_file.write_text(text, encoding="utf-8")
