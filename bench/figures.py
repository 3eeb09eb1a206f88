"""How every benchmark writes its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path


def write_json(figures: msgspec.Struct, file: Path) -> None:
    """Write the figures for people and programs to read; the folder is made if it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")
