"""`GET /healthz`: the process is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest


class HealthzResource:
    """Always 200; whether events can be taken is another question, which `/readyz` answers."""

    async def on_get(self, _request: ApiRequest, response: Response) -> None:
        response.data = b'{"status":"alive"}'
