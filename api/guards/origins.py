"""Which web pages may post: CORS, with preflights that browsers keep for a day, and a check of the Origin itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from api.guards.write_keys import HEADER, INGESTION

if TYPE_CHECKING:
    from falcon.asgi import Request, Response

MAX_AGE_S: Final = "86400"
ANY: Final = "*"
EXPOSED: Final = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id, X-UGC-Dropped"
_METHODS: Final = "GET, POST, OPTIONS"
_HEADERS: Final = f"Content-Type, Content-Encoding, {HEADER}, X-Request-Id"
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(\*\.)?(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:\d{1,5})?")
_CACHED_ORIGINS: Final = 1024


class OriginError(Exception):
    """A page of an origin that may not post here."""


class Origins(tuple[str, ...]):
    """Origins as browsers write them, with commas between them; `https://*.example.com` means every host below."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Origins:
        origins = [part.strip().lower().rstrip("/") for part in text.split(",") if part.strip()]
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
        return any(
            each.startswith(f"{scheme}://*.") and host.endswith(each.partition("://*")[2]) and host[0] != "."
            for each in self
            if host
        )


class OriginCheck:
    """Middleware: answers preflights, adds the CORS headers, and refuses other origins on the paths that take events.

    What comes without an Origin is no page of a browser, and CORS does not concern it.
    """

    def __init__(self, origins: Origins) -> None:
        self._unrestricted = origins.unrestricted
        self._allow = lru_cache(_CACHED_ORIGINS)(origins.allow)

    async def process_request(self, request: Request, response: Response) -> None:
        """Raises `OriginError`."""
        origin = request.get_header("Origin")
        if not self._unrestricted:
            response.append_header("Vary", "Origin")
        if origin is None:
            return
        if not self._allow(origin):
            if request.path in INGESTION:
                raise OriginError
            return
        response.set_header("Access-Control-Allow-Origin", ANY if self._unrestricted else origin)
        response.set_header("Access-Control-Expose-Headers", EXPOSED)
        if request.method == "OPTIONS" and request.get_header("Access-Control-Request-Method"):
            response.set_header("Access-Control-Allow-Methods", _METHODS)
            response.set_header("Access-Control-Allow-Headers", _HEADERS)
            response.set_header("Access-Control-Max-Age", MAX_AGE_S)
            response.status = 204
            response.complete = True
