"""`UGC_ALLOWED_ORIGINS`: the web pages that may post."""

from __future__ import annotations

import re
from typing import Final

ANY: Final = "*"
_HOST: Final = r"(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d{1,5})?"
# Apps that run from files have an opaque origin, or one without a host.
_ORIGIN: Final = re.compile(rf"[a-z][a-z0-9+.-]*://(\*\.)?{_HOST}|null|file://")
_SUBDOMAIN: Final = re.compile(rf"(?!\.){_HOST}")


def _bare(origin: str) -> str:
    """Without the slash that people copy from the address bar."""
    return origin if origin.endswith("://") else origin.rstrip("/")


class Origins(tuple[str, ...]):
    """Origins as browsers write them, with commas between them; `https://*.example.com` means every subdomain.

    `null` and `file://` are those of apps that run from files; `null` is any sandboxed page's as well.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Origins:
        """Raise `ValueError` for anything else."""
        origins = [_bare(part.strip().lower()) for part in text.split(",") if part.strip()]
        if not origins or any(each != ANY and not _ORIGIN.fullmatch(each) for each in origins):
            raise ValueError(text)
        return cls(origins)

    @property
    def unrestricted(self) -> bool:
        return ANY in self

    def allow(self, origin: str) -> bool:
        """Whether a page of this origin may post."""
        origin = origin.lower()
        if self.unrestricted or origin in self:
            return True
        scheme, _, host = origin.partition("://")
        # The origin is echoed in headers, so that nothing but a host may stand before the suffix.
        return _SUBDOMAIN.fullmatch(host) is not None and any(
            each.startswith(f"{scheme}://*.") and host.endswith(each.partition("://*")[2]) for each in self
        )
