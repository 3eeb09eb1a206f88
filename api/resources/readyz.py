"""`GET /readyz`: events can be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.sink.interface import SinkUnavailableError

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest
    from api.sink.interface import Sink


class ReadyzResource:
    """200 while the broker answers, else 503; and 503 as soon as the service was told to stop."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def on_get(self, request: ApiRequest, response: Response) -> None:
        # The worker says so in the state that it shares with the application.
        if request.scope.get("state", {}).get("stopping") or not self._sink.ready():
            raise SinkUnavailableError("not ready")
        response.data = b'{"status":"ready"}'
