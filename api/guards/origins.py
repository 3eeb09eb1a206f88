"""Which web pages may post: CORS, with preflights that browsers keep for a day, and a check of the Origin itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

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
# Tracing agents add headers of their own to every request of a page. None of them is read here, so all are allowed.
_MOST_ASKED: Final = 64
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_CACHED_ORIGINS: Final = 1024
_VARY: Final = ("Vary", "Origin")
_VARY_OF_PREFLIGHT: Final = "Origin, Access-Control-Request-Headers"


class OriginError(Exception):
    """A request from a page of an origin that may not post here."""


class OriginCheck:
    """Middleware: adds the CORS headers, answers preflights, and refuses other origins on the routes that take events.

    A request without an Origin does not come from a page in a browser, and CORS does not concern it.
    """

    def __init__(self, origins: Origins, routes: Collection[str]) -> None:
        """`routes` are the templates of the routes that take events."""
        self._allow = lru_cache(_CACHED_ORIGINS)(origins.allow)
        self._routes = routes

    def headers(self, origin: str | None, host: str | None = None) -> list[tuple[str, str]]:
        """What lets a page of this origin read an answer, if it may; both are as the request has them.

        The origin itself and not `*`, with credentials: a beacon is always sent with them, and a page that asks to
        send cookies is served as well. No cookie is ever read here.
        """
        found = [_VARY]
        if origin is not None and self._may_post(origin, host):
            found.append(("Access-Control-Allow-Origin", origin))
            found.append(("Access-Control-Allow-Credentials", "true"))
            found.append(("Access-Control-Expose-Headers", EXPOSED))
        return found

    def _may_post(self, origin: str, host: str | None) -> bool:
        """Whether it is an allowed origin, or the API's own, from which `/apidocs` posts."""
        return (host is not None and origin.lower().partition("://")[2] == host.lower()) or self._allow(origin)

    async def process_request(self, request: ApiRequest, response: Response) -> None:
        """Add the headers before anything can be refused, so that a page can read why."""
        origin = request.get_header("Origin")
        if origin is None:
            response.set_header(*_VARY)
            return
        host = request.get_header("Host")
        for name, value in self.headers(origin, host):
            response.set_header(name, value)
        request.context.foreign = not self._may_post(origin, host)
        if is_preflight(request) and not request.context.foreign:
            response.set_header("Access-Control-Allow-Methods", _METHODS)
            response.set_header("Access-Control-Allow-Headers", _allowed(request))
            response.set_header("Access-Control-Max-Age", MAX_AGE_S)
            response.set_header("Vary", _VARY_OF_PREFLIGHT)

    async def process_resource(self, request: ApiRequest, response: Response, _resource: Any, _params: Any) -> None:
        """Raise `OriginError` for a page that may not post."""
        if request.context.foreign:
            if request.uri_template in self._routes:
                raise OriginError
        elif is_preflight(request):
            response.status = 204
            response.complete = True


def _allowed(request: ApiRequest) -> str:
    """The headers that a page asks to send, when they are sane tokens; else those that are read here."""
    asked = request.get_header("Access-Control-Request-Headers") or ""
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if len(names) > _MOST_ASKED or not all(_NAME.fullmatch(name) for name in names):
        return _HEADERS
    known = {name.lower() for name in _HEADERS.split(", ")}
    return ", ".join([_HEADERS, *dict.fromkeys(name for name in names if name.lower() not in known)])


def is_preflight(request: ApiRequest) -> bool:
    """Whether a browser asks what a page may send."""
    return (
        request.method == "OPTIONS"
        and request.get_header("Origin") is not None
        and bool(request.get_header("Access-Control-Request-Method"))
    )
