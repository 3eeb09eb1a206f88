"""`UGC_RATE_LIMIT` and `UGC_RATE_LIMIT_STORAGE`, in the notation of the library `limits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import limits
from limits.storage import SCHEMES  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from limits import RateLimitItem

OFF: Final = "off"


class Limits(tuple["RateLimitItem", ...]):
    """Limits such as `100/second;2000/minute`; `off` means none."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Limits:
        return cls() if text.strip().lower() == OFF else cls(limits.parse_many(text))


class Storage(str):
    """A storage as the library `limits` writes it; `async+` may be left out."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Storage:
        """Raise `ValueError` for a kind of storage that the library does not know."""
        address = text if text.startswith("async+") else f"async+{text}"
        if "://" not in address or urlsplit(address).scheme not in SCHEMES:
            raise ValueError
        return cls(address)
