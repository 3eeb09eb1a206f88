"""Every route in odd spellings: however a path is written, nothing gets past the checks, and refusals are counted."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import falcon.inspect
import falcon.testing
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.resources import routes
from tests.unit.api.conftest import Service

if TYPE_CHECKING:
    from collections.abc import Callable

CLICK = {"event_type": "click", "user_id": "u1", "element": "movie"}
PAGE, FOREIGN = "https://cinema.example", "https://evil.example"
METHODS = ("POST", "GET", "PUT", "OPTIONS", "HEAD")

# As the path arrives: a server decodes it before the application sees it.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "two slashes": lambda path: f"/{path}",
    "many slashes": lambda path: f"/////{path}",
    "an encoded slash": lambda path: f"/%2f{path[1:]}",
    "an encoded slash in capitals": lambda path: f"/%2F{path[1:]}",
    "slashes inside": lambda path: path.replace("/", "//"),
    "an encoded slash inside": lambda path: "/" + path[1:].replace("/", "%2f"),
    "a trailing slash": lambda path: f"{path}/",
    "two trailing slashes": lambda path: f"{path}//",
    "capitals": lambda path: path.upper(),
    "an encoded letter": lambda path: path.replace("a", "%61").replace("e", "%65"),
    "a letter encoded twice": lambda path: path.replace("a", "%2561").replace("e", "%2565"),
    "a dot": lambda path: f"/.{path}",
    "dots inside": lambda path: path.replace("/", "/./"),
    "dot segments": lambda path: f"/apidocs/..{path}",
    "encoded dot segments": lambda path: f"/apidocs/%2e%2e{path}",
    "a parameter": lambda path: f"{path};x",
    "a parameter inside": lambda path: f"/;x{path}",
    "a space": lambda path: f"{path}%20",
    "a null": lambda path: f"{path}%00",
    "a backslash": lambda path: path.replace("/", "\\").replace("\\", "/", 1),
    "an encoded question mark": lambda path: f"{path}%3Fx",
}


ROUTES = sorted(route.path for route in falcon.inspect.inspect_routes(Service().app))


def spelled(spelling: str) -> list[tuple[str, str]]:
    """Each route, and a path that leads to it, or nowhere."""
    return [(route, SPELLINGS[spelling](route.replace("{name}", "start.js"))) for route in ROUTES]


def send(service: Service, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """One request, as a server hands it to the application: with the decoded path, and with the bytes as they came."""
    decoded = falcon.uri.decode(path, unquote_plus=False)
    body = json.dumps({"events": [CLICK]} if "batch" in decoded.lower() else CLICK).encode()
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    scope = falcon.testing.create_scope(method=method, headers=given)
    scope["path"] = decoded
    scope["raw_path"] = path.encode()
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Any) -> None:
        sent.append(message)

    asyncio.run(service.app(scope, receive, collect))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def counted(service: Service, name: str) -> dict[str, int]:
    """A counter's values by its first label."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(service.client.simulate_get("/metrics").text):
        for sample in family.samples:
            if sample.name == f"{name}_total":
                found[next(iter(sample.labels.values()))] += int(sample.value)
    return found


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_nothing_gets_in_without_a_key_however_its_path_is_spelled(spelling: str) -> None:
    service, with_key = (Service(UGC_WRITE_KEYS="web:first-key") for _ in range(2))
    refused = 0
    for _, path in spelled(spelling):
        statuses = [send(service, method, path)[0] for method in METHODS]
        assert statuses[0] in {401, 404, 405}, path
        refused += statuses.count(401)
        assert (statuses[0] == 401) is (send(with_key, "POST", path, X_Write_Key="first-key")[0] == 202), path
    assert service.sink.messages == []
    assert counted(service, "ugc_rejections") == ({"write_key": refused} if refused else {})


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_foreign_page_gets_in_however_its_path_is_spelled(spelling: str) -> None:
    service, own = (Service(UGC_ALLOWED_ORIGINS=PAGE) for _ in range(2))
    refused = 0
    for _, path in spelled(spelling):
        answers = [send(service, method, path, Origin=FOREIGN) for method in METHODS]
        assert not any("access-control-allow-origin" in headers for _, headers in answers), path
        statuses = [status for status, _ in answers]
        assert statuses[0] in {403, 404, 405}, path
        refused += statuses.count(403)
        assert (statuses[0] == 403) is (send(own, "POST", path, Origin=PAGE)[0] == 202), path
    assert service.sink.messages == []
    assert counted(service, "ugc_rejections") == ({"origin": refused} if refused else {})


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_request_has_its_price_however_its_path_is_spelled(spelling: str) -> None:
    service = Service(UGC_RATE_LIMIT="1/hour", UGC_TRUSTED_PROXIES="127.0.0.0/8")
    refused = 0
    for client, (route, path) in enumerate(spelled(spelling)):
        first, second = (send(service, "POST", path, X_Forwarded_For=f"203.0.113.{client}")[0] for _ in range(2))
        assert second == (405 if route in routes.FREE and first == 405 else 429), path
        refused += first == 202
    assert len(service.sink.messages) == refused
    assert counted(service, "ugc_rejections") == ({"rate_limit": refused} if refused else {})


@pytest.mark.parametrize("route", sorted(routes.TAKE_EVENTS))
def test_second_slash_is_no_way_around_a_key_or_an_origin(route: str) -> None:
    service = Service(UGC_WRITE_KEYS="web:first-key", UGC_ALLOWED_ORIGINS=PAGE)
    for path in (f"/{route}", f"//{route}", f"/%2f{route[1:]}"):
        assert send(service, "POST", path, Origin=FOREIGN)[0] == 403
        assert send(service, "POST", path)[0] == 401
    assert service.sink.messages == []
    assert counted(service, "ugc_rejections") == {"origin": 3, "write_key": 3}
    assert counted(service, "ugc_http_requests")[route] > 0


def preflight(service: Service, path: str, origin: str) -> tuple[int, dict[str, str]]:
    return send(service, "OPTIONS", path, Origin=origin, Access_Control_Request_Method="POST")


@pytest.mark.parametrize("path", [*sorted(routes.TAKE_EVENTS), routes.HEALTH, "/nowhere", "/api/v1/events/"])
@pytest.mark.parametrize("origins", ["*", PAGE])
def test_preflight_of_an_allowed_page_is_answered_on_every_path(path: str, origins: str) -> None:
    service = Service(UGC_ALLOWED_ORIGINS=origins, UGC_WRITE_KEYS="web:first-key", UGC_RATE_LIMIT="1/hour")
    for _ in range(3):
        status, headers = preflight(service, path, PAGE)
        assert (status, headers["access-control-allow-methods"]) == (204, "GET, POST, OPTIONS")


@pytest.mark.parametrize(
    ("path", "expected"),
    [*((route, 403) for route in sorted(routes.TAKE_EVENTS)), (routes.HEALTH, 200), ("/nowhere", 404)],
)
def test_preflight_of_another_page_allows_nothing(path: str, expected: int) -> None:
    status, headers = preflight(Service(UGC_ALLOWED_ORIGINS=PAGE), path, FOREIGN)
    assert status == expected
    assert not [name for name in headers if name.startswith("access-control")]
