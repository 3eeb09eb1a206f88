"""`GET /openapi.json`: the description that `/apidocs` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from api.documentation.openapi import document

if TYPE_CHECKING:
    from falcon.asgi import Request, Response


class OpenApiResource:
    """The document is made once, when the app is wired."""

    def __init__(self, *, needs_key: bool) -> None:
        self._document = msgspec.json.encode(document(needs_key=needs_key))

    async def on_get(self, _request: Request, response: Response) -> None:
        response.data = self._document
