"""Which web pages may post: CORS, with preflights that browsers keep for a day, and a check of the Origin itself."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from api.configuration.origins import ANY
from api.guards.write_keys import HEADER

if TYPE_CHECKING:
    from collections.abc import Collection

    from falcon.asgi import Response

    from api.configuration.origins import Origins
    from api.server.request import ApiRequest

MAX_AGE_S: Final = "86400"
EXPOSED: Final = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id, X-UGC-Dropped"
_METHODS: Final = "GET, POST, OPTIONS"
_HEADERS: Final = f"Content-Type, Content-Encoding, {HEADER}, X-Request-Id"
_CACHED_ORIGINS: Final = 1024
_VARY: Final = ("Vary", "Origin")


class OriginError(Exception):
    """A request from a page of an origin that may not post here."""


class OriginCheck:
    """Middleware: adds the CORS headers, answers preflights, and refuses other origins on the routes that take events.

    A request without an Origin does not come from a page in a browser, and CORS does not concern it.
    """

    def __init__(self, origins: Origins, routes: Collection[str]) -> None:
        """`routes` are the templates of the routes that take events."""
        self._unrestricted = origins.unrestricted
        self._allow = lru_cache(_CACHED_ORIGINS)(origins.allow)
        self._routes = routes

    def headers(self, origin: str | None) -> list[tuple[str, str]]:
        """What lets a page of this origin read an answer, if it may; `origin` is as the request has it."""
        found = [] if self._unrestricted else [_VARY]
        if origin is not None and self._allow(origin):
            found.append(("Access-Control-Allow-Origin", ANY if self._unrestricted else origin))
            found.append(("Access-Control-Expose-Headers", EXPOSED))
        return found

    async def process_request(self, request: ApiRequest, response: Response) -> None:
        """Add the headers before anything can be refused, so that a page can read why."""
        origin = request.get_header("Origin")
        for name, value in self.headers(origin):
            response.set_header(name, value)
        if is_preflight(request) and self._allow(origin or ""):
            response.set_header("Access-Control-Allow-Methods", _METHODS)
            response.set_header("Access-Control-Allow-Headers", _HEADERS)
            response.set_header("Access-Control-Max-Age", MAX_AGE_S)

    async def process_resource(self, request: ApiRequest, response: Response, _resource: Any, _params: Any) -> None:
        """Raise `OriginError` for a page that may not post."""
        origin = request.get_header("Origin")
        if origin is None:
            return
        if not self._allow(origin):
            if request.uri_template in self._routes:
                raise OriginError
        elif is_preflight(request):
            response.status = 204
            response.complete = True


def is_preflight(request: ApiRequest) -> bool:
    """Whether a browser asks what a page may send."""
    return (
        request.method == "OPTIONS"
        and request.get_header("Origin") is not None
        and bool(request.get_header("Access-Control-Request-Method"))
    )
