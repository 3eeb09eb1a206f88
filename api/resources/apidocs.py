"""`GET /apidocs`: Swagger UI, from files of this machine only."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

import falcon

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest

_PAGE: Final = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Events API</title>
<link rel="stylesheet" href="/apidocs/swagger-ui.css">
<link rel="stylesheet" href="/apidocs/phone.css">
<link rel="icon" href="/apidocs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/apidocs/swagger-ui-bundle.js"></script>
<script src="/apidocs/start.js"></script>
</body>
</html>
"""
_START: Final = b"""window.addEventListener("load", () => {
  SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
});
"""
# Its answers are a table that no phone is wide enough for.
_PHONE: Final = b"""@media (max-width: 640px) {
  .swagger-ui .responses-table, .swagger-ui .responses-table > :is(thead, tbody),
  .swagger-ui .responses-table > :is(thead, tbody) > tr, .swagger-ui .responses-table > :is(thead, tbody) > tr > td {
    display: block;
    width: auto;
    min-width: 0;
  }
  .swagger-ui .responses-table > thead { display: none; }
  .swagger-ui :is(p, code, td, .operation-link) { overflow-wrap: anywhere; }
  .swagger-ui .operation-link pre { white-space: pre-wrap; }
}
"""
# Swagger UI's style sheet holds small pictures as data: addresses.
_POLICY: Final = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
_FROM_PACKAGE: Final = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}


class ApiDocsResource:
    """The page itself."""

    async def on_get(self, _request: ApiRequest, response: Response) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.set_header("Content-Security-Policy", _POLICY)
        response.data = _PAGE


class ApiDocsFileResource:
    """The few files that the page loads, read once when the app is wired."""

    def __init__(self) -> None:
        static = files("swagger_ui") / "static"
        self._files = {name: (media, (static / name).read_bytes()) for name, media in _FROM_PACKAGE.items()}
        self._files["start.js"] = ("text/javascript; charset=utf-8", _START)
        self._files["phone.css"] = ("text/css; charset=utf-8", _PHONE)

    async def on_get(self, _request: ApiRequest, response: Response, name: str) -> None:
        found = self._files.get(name)
        if found is None:
            raise falcon.HTTPNotFound
        response.content_type, response.data = found
        response.cache_control = ["public", "max-age=86400"]
