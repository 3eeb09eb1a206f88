"""Turns away what a browser sends for a page from elsewhere, before anything of the request's body is read.

The server has no passwords and trusts whoever can open its port. A page in a browser on the same machine can: by a
form, by `fetch` with `no-cors`, or under a name of its own that is made to point here (DNS rebinding), after which it
may even read. So the name that a request is for must be one of this machine, and whatever a browser says about where a
request comes from must not say elsewhere.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST: Final = re.compile(r"(?P<name>[a-z0-9.]+|\[::1\])(?::[0-9]{0,5})?", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"https?://(?P<host>[^/@]+)", re.IGNORECASE)
_FROM_HERE: Final = frozenset(("none", "same-origin"))


class Door:
    """Whom the server listens to. `origins` are those of pages that may send, beside pages of this machine."""

    def __init__(self, origins: frozenset[str] = frozenset()) -> None:
        self._origins = origins

    def refusal(self, headers: Mapping[str, str], authority: str = "") -> str | None:
        """Why a request is turned away, or None. `headers` are named as in CGI, `authority` is that of its target."""
        for host in (headers.get("HOST", ""), authority or "localhost"):
            if not is_loopback(host):
                return f"Host is {host!r}: only names of this machine are answered (localhost, 127.0.0.1, [::1])."
        origin, site = headers.get("ORIGIN"), headers.get("SEC_FETCH_SITE", "none")
        if origin is not None and origin in self._origins:
            return None
        if origin is not None and not _is_loopback_origin(origin):
            return f"Origin is {origin!r}: UGC_CLICKHOUSE_ORIGINS names no such pages from elsewhere."
        if site.lower() not in _FROM_HERE:
            return f"Sec-Fetch-Site is {site!r}: requests that pages from elsewhere start are not answered."
        return None


def is_loopback(host: str) -> bool:
    """Whether a Host header, with a port or without, names the machine that it is sent to."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].lower()
    if name in {"localhost", "[::1]"}:
        return True
    try:
        return IPv4Address(name).is_loopback
    except ValueError:
        return False


def _is_loopback_origin(origin: str) -> bool:
    match = _ORIGIN.fullmatch(origin)
    return match is not None and is_loopback(match["host"])
