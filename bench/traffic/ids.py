"""Identifiers that a seed and a time determine."""

from __future__ import annotations

import random
from typing import Final

_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0x2 << 62
_LOW: Final = (1 << 62) - 1


class Ids:
    """UUIDs of version 7. Two makers with the same salt give the same series; with another salt, no id in common."""

    def __init__(self, salt: str) -> None:
        self._bits = random.Random(salt).getrandbits

    def at(self, epoch_ms: int) -> str:
        """The next id, with this time in its first 48 bits."""
        bits = self._bits(74)
        text = f"{(epoch_ms << 80) | _VERSION | ((bits >> 62) << 64) | _VARIANT | (bits & _LOW):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
