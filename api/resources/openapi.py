"""`GET /openapi.json`: the description that `/apidocs` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest


class OpenApiResource:
    """Serves a document that was made when the app was wired."""

    def __init__(self, document: bytes) -> None:
        """`document` is JSON."""
        self._document = document

    async def on_get(self, _request: ApiRequest, response: Response) -> None:
        response.data = self._document
