"""The routes of the service, each as its template. Checks name a request by the route that it matched."""

from __future__ import annotations

from typing import Final

HOME: Final = "/"
EVENTS: Final = "/api/v1/events"
BATCH: Final = "/api/v1/events/batch"
HEALTH: Final = "/healthz"
READINESS: Final = "/readyz"
METRICS: Final = "/metrics"
OPENAPI: Final = "/openapi.json"
APIDOCS: Final = "/apidocs"
APIDOCS_SLASH: Final = "/apidocs/"
APIDOCS_FILE: Final = "/apidocs/{name}"

TAKE_EVENTS: Final = frozenset({EVENTS, BATCH})
"""Where write keys and origins are checked, and where a refusal is counted by its reason."""

FREE: Final = frozenset({HEALTH, READINESS, METRICS})
"""Not rate-limited: load balancers and monitoring ask for them, often from one address."""
