"""`UGC_WRITE_KEYS`: the keys that let a client post, several at once so that they can be rotated."""

from __future__ import annotations

import hmac
import re
from typing import Final, NamedTuple

from common.environment import UnfitValueError

LEAST_LENGTH: Final = 8
"""Characters: fewer can be guessed within the rate limit."""

EXAMPLE: Final = "change-me"
"""With this the keys and salts of examples begin."""

_KEY: Final = re.compile(r"(?:(?P<label>[A-Za-z0-9_-]{1,32}):)?(?P<key>[A-Za-z0-9._~+/=-]{1,256})")


class WriteKey(NamedTuple):
    """A key, and the label by which metrics and logs name it; the key itself never appears there."""

    label: str
    key: bytes


class WriteKeys(tuple[WriteKey, ...]):
    """Keys written as `label:key,label2:key2`; one without a label is named by its position, `key-1`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> WriteKeys:
        """Raise `ValueError` for anything else, and for a label that is used twice.

        Raise `UnfitValueError` for a key that is no secret.
        """
        found: list[WriteKey] = []
        for position, part in enumerate(text.split(","), start=1):
            match = _KEY.fullmatch(part.strip())
            if match is None:
                raise ValueError
            if len(match["key"]) < LEAST_LENGTH:
                raise UnfitValueError(f"a key of fewer than {LEAST_LENGTH} characters can be guessed: make longer ones")
            if match["key"].startswith(EXAMPLE):
                raise UnfitValueError("a key is the example's, which everybody knows: make your own")
            found.append(WriteKey(match["label"] or f"key-{position}", match["key"].encode()))
        if len({each.label for each in found}) != len(found):
            raise ValueError
        return cls(found)

    def label_of(self, given: str) -> str | None:
        """The label of this key, or None. Takes the same time for every key of one length."""
        key = given.encode("utf-8", "surrogateescape")
        label = None
        for each in self:
            if hmac.compare_digest(each.key, key):
                label = each.label
        return label
