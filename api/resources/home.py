"""`GET /`: what somebody sees who opens the service's address in a browser."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

import falcon

from api.pipeline.limits import MAX_BATCH_EVENTS
from api.resources import routes

if TYPE_CHECKING:
    from falcon.asgi import Response

    from api.server.request import ApiRequest

_STYLE: Final = """
body { margin: 0 auto; max-width: 40em; padding: 1em; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
code { font-size: 14px; }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; } }
"""
_PAGE: Final = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Events API</title>
<link rel="icon" href="/apidocs/favicon-32x32.png">
<style>{_STYLE}</style>
</head>
<body>
<h1>Events API</h1>
<p>It takes behaviour events of an online cinema's web front end:</p>
<ul>
<li>one event: <code>POST {routes.EVENTS}</code></li>
<li>up to {MAX_BATCH_EVENTS} events: <code>POST {routes.BATCH}</code></li>
</ul>
<p>What there is to read:</p>
<ul>
<li><a href="{routes.APIDOCS}">every field, answer and example</a>, to be tried from the page</li>
<li><a href="{routes.OPENAPI}">the same for programs</a> (OpenAPI 3.1)</li>
<li><a href="{routes.HEALTH}">whether the service is alive</a></li>
<li><a href="{routes.READINESS}">whether it can take events</a></li>
<li><a href="{routes.METRICS}">its metrics</a>, for Prometheus: on this machine, or with a token</li>
</ul>
</body>
</html>
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self'"


class HomeResource:
    """A small page with links."""

    async def on_get(self, _request: ApiRequest, response: Response) -> None:
        response.content_type = falcon.MEDIA_HTML
        response.set_header("Content-Security-Policy", _POLICY)
        response.text = _PAGE
