"""What a path without a route is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon

from api.guards.origins import is_preflight

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.guards.rates import Limiter
    from api.server.request import ApiRequest


class NothingHere:
    """A 404, which costs a client as much as any other request."""

    def __init__(self, limiter: Limiter | None) -> None:
        self._limiter = limiter

    async def __call__(self, req: ApiRequest, resp: Response | None, ws: Any = None, **_more: Any) -> None:
        """Raise `falcon.HTTPRouteNotFound`, or `TooManyRequestsError`. A WebSocket, `ws`, has no `resp`."""
        if ws is None and resp is not None:
            if self._limiter is not None:
                await self._limiter.charge_request(req, resp)
            if is_preflight(req) and resp.get_header("Access-Control-Allow-Methods"):
                # Otherwise the page would be told that CORS is wrong, where it is the path.
                resp.status = 204
                return
        raise falcon.HTTPRouteNotFound
