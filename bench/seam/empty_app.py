"""An application that reads the body and answers, and nothing else: what is left is the HTTP server, and Falcon."""

from __future__ import annotations

import falcon.asgi


class Taker:
    """Reads the whole body."""

    async def on_post(self, request: falcon.asgi.Request, response: falcon.asgi.Response) -> None:
        body = await request.stream.read()
        response.status = 202
        response.data = b'{"bytes":%d}' % len(body)


app = falcon.asgi.App()
app.add_route("/api/v1/events", Taker())
