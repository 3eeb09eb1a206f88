"""`UGC_IP_HASH_SALT`, the key with which addresses are hashed, and `UGC_METRICS_TOKEN`."""

from __future__ import annotations

from typing import Final

from api.configuration.write_keys import EXAMPLE
from common.environment import UnfitValueError

LEAST_LENGTH: Final = 16
_LEAST_LETTERS: Final = 6
_REMEDY: Final = "make one with `openssl rand -hex 16`"


class Salt(str):
    """A text that nobody can guess: with the salt of hashed addresses, they could be looked up in a table."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Salt:
        """Raise `ValueError` for a text that is too short, `UnfitValueError` for one that can be guessed."""
        if len(text) < LEAST_LENGTH:
            raise ValueError
        if text.startswith(EXAMPLE):
            raise UnfitValueError(f"this is the example's, which everybody knows: {_REMEDY}")
        if len(set(text)) < _LEAST_LETTERS:
            raise UnfitValueError(f"this can be guessed: {_REMEDY}")
        return cls(text)
