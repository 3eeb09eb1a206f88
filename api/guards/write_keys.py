"""Who may post: requests with a write key, where keys are configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from falcon.asgi import Response

    from api.configuration.write_keys import WriteKeys
    from api.server.request import ApiRequest

HEADER: Final = "X-Write-Key"
PARAMETER: Final = "write_key"


class WriteKeyError(Exception):
    """A request without a write key, or with one that is not configured."""


class KeyCheck:
    """Middleware: only requests with a write key get to the routes that take events."""

    def __init__(self, keys: WriteKeys, routes: Collection[str]) -> None:
        """At least one key. `routes` are the templates of the routes that take events."""
        self._keys = keys
        self._routes = routes

    async def process_resource(self, request: ApiRequest, _response: Response, _resource: Any, _params: Any) -> None:
        """Raise `WriteKeyError` for a request that may not post."""
        if request.method != "POST" or request.uri_template not in self._routes:
            return
        given = request.get_header(HEADER) or request.get_param(PARAMETER)
        label = self._keys.label_of(given) if given else None
        if label is None:
            raise WriteKeyError
        request.context.write_key = label
