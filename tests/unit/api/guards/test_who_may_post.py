"""Write keys, origins, wishes for privacy, junk identities, robots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.configuration.origins import Origins
from tests.unit.api.conftest import NEW_ID, Service

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = ["/api/v1/events", "/api/v1/events/batch"]
PAGE = "https://cinema.example"
CLICK = {"event_type": "click", "user_id": "u1", "element": "movie"}


def post(service: Service, path: str, *, query: str = "", **headers: str) -> Any:
    body = json.dumps(CLICK if path == PATHS[0] else {"events": [CLICK]})
    return service.post(path + query, body, **headers)


@pytest.mark.parametrize("path", PATHS)
def test_each_of_several_keys_is_taken_in_header_and_address(path: str) -> None:
    service = Service(UGC_WRITE_KEYS="web:first-key, backend:second~key,third-key")
    for key in ("first-key", "second~key", "third-key"):
        assert post(service, path, X_Write_Key=key).status_code == 202
        assert post(service, path, query=f"?write_key={key}", Content_Type="text/plain").status_code == 202
    text = service.client.simulate_get("/metrics").text
    for label in ("web", "backend", "key-3"):
        assert f'ugc_write_key_requests_total{{key="{label}"}} 2.0' in text
    assert "first-key" not in text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [None, "", "first-ke", "first-key2", "FIRST-KEY", "web", "web:first-key", "\x80"])
def test_no_key_and_a_wrong_key_are_a_401(path: str, key: str | None) -> None:
    service = Service(UGC_WRITE_KEYS="web:first-key")
    answer = post(service, path, **({} if key is None else {"X_Write_Key": key}))
    assert (answer.status_code, answer.json["type"]) == (401, "urn:ugc:problem:write-key")
    assert "www-authenticate" in answer.headers
    assert "first-key" not in answer.text
    assert service.sink.messages == []


def test_key_guards_only_the_paths_that_take_events() -> None:
    service = Service(UGC_WRITE_KEYS="web:first-key")
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/apidocs"):
        assert service.client.simulate_get(path).status_code == 200
    assert service.client.simulate_get(PATHS[0]).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_pages_of_other_origins_are_a_403(path: str) -> None:
    service = Service(UGC_ALLOWED_ORIGINS=PAGE)
    assert post(service, path, Origin="https://evil.example").status_code == 403
    refused = service.client.simulate_options(
        path, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers
    answer = post(service, path, Origin=PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (202, PAGE)
    assert answer.headers["vary"] == "Origin"
    assert post(service, path).status_code == 202, "what is no page has no origin"


@pytest.mark.parametrize(
    ("allowed", "origin", "may"),
    [
        ("*", "null", True),
        (PAGE, PAGE, True),
        (PAGE, "https://Cinema.Example", True),
        (PAGE + "/", PAGE, True),
        (PAGE, "http://cinema.example", False),
        (PAGE, "https://cinema.example:8443", False),
        (PAGE, "https://cinema.example.evil.example", False),
        (PAGE, "null", False),
        (PAGE, "", False),
        ("https://*.cinema.example", "https://www.cinema.example", True),
        ("https://*.cinema.example", "https://a.b.cinema.example", True),
        ("https://*.cinema.example", PAGE, False),
        ("https://*.cinema.example", "https://evilcinema.example", False),
        ("https://*.cinema.example", "https://.cinema.example", False),
        ("https://*.cinema.example", "http://www.cinema.example", False),
        (f"http://localhost:3000,{PAGE}", "http://localhost:3000", True),
    ],
)
def test_origin_is_compared_whole(allowed: str, origin: str, *, may: bool) -> None:
    assert Origins.parse(allowed).allow(origin) is may


@pytest.mark.parametrize("origins", ["*", PAGE])
def test_preflight_is_answered_for_a_day_with_what_a_tracker_needs(origins: str) -> None:
    service = Service(UGC_ALLOWED_ORIGINS=origins, UGC_WRITE_KEYS="key-of-test", UGC_RATE_LIMIT="1/hour")
    for _ in range(3):
        answer = service.client.simulate_options(
            PATHS[1],
            headers={"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"},
        )
        assert (answer.status_code, answer.text) == (204, "")
        assert answer.headers["access-control-max-age"] == "86400"
        assert "POST" in answer.headers["access-control-allow-methods"]
        for name in ("Content-Type", "Content-Encoding", "X-Write-Key"):
            assert name in answer.headers["access-control-allow-headers"]


def test_errors_have_cors_headers_so_that_a_page_can_read_them(service: Service) -> None:
    answer = service.post(PATHS[0], "{", Origin=PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, PAGE)
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("allowed", ["*", PAGE])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_that_sends_with_credentials_can_read_the_answer(allowed: str, path: str) -> None:
    """Beacons are always sent so: without these headers one is dropped after its preflight, and says it was sent."""
    service = Service(UGC_ALLOWED_ORIGINS=allowed)
    preflight = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for answer in (service.client.simulate_options(path, headers=preflight), post(service, path, Origin=PAGE)):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"]


def test_an_answer_without_an_origin_varies_by_origin_too(service: Service) -> None:
    answer = post(service, PATHS[0])
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers


def preflight(service: Service, asked: str) -> list[str]:
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}
    answer = service.client.simulate_options(PATHS[0], headers=headers)
    assert answer.status_code == 204
    return [name.lower() for name in answer.headers["access-control-allow-headers"].split(", ")]


def test_headers_of_tracing_agents_are_allowed(service: Service) -> None:
    asked = "traceparent,tracestate, baggage,sentry-trace,request-id,x-datadog-trace-id,Content-Type"
    allowed = preflight(service, asked)
    assert {name.strip().lower() for name in asked.split(",")} <= set(allowed)
    assert len(set(allowed)) == len(allowed)


@pytest.mark.parametrize(
    "asked", ["a b", "x-\u00e4", "a,b;c", "a:b", "a" * 65, ",".join(f"x-{n}" for n in range(65)), '"x"']
)
def test_what_is_no_name_of_a_header_is_not_echoed(service: Service, asked: str) -> None:
    assert set(preflight(service, asked)) == {"content-type", "content-encoding", "x-write-key", "x-request-id"}


@pytest.mark.parametrize("path", PATHS)
def test_the_own_origin_of_the_api_may_always_post(path: str) -> None:
    service = Service(UGC_ALLOWED_ORIGINS=PAGE)
    body = json.dumps(CLICK if path == PATHS[0] else {"events": [CLICK]})
    for host, port, origin, status in (
        ("events.cinema.example", 80, "https://events.cinema.example", 202),
        ("127.0.0.1", 9001, "http://127.0.0.1:9001", 202),
        ("events.cinema.example", 80, "https://other.cinema.example", 403),
        ("events.cinema.example", 80, "https://events.cinema.example:8443", 403),
        ("events.cinema.example", 80, "null", 403),
    ):
        headers = {"Content-Type": "application/json", "Origin": origin}
        answer = service.client.simulate_post(path, host=host, port=port, body=body, headers=headers)
        assert answer.status_code == status, (host, origin)


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        ("null", "null"),
        ("file://", "file://"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost,http://localhost", "http://localhost"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
    ],
)
def test_apps_that_run_from_files_can_be_allowed_by_name(allowed: str, origin: str) -> None:
    service = Service(UGC_ALLOWED_ORIGINS=allowed)
    answer = post(service, PATHS[0], Origin=origin)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (202, origin)
    assert post(service, PATHS[0], Origin=PAGE).status_code == 403
    for other in {"null", "file://", "capacitor://evil"} - {origin}:
        assert post(service, PATHS[0], Origin=other).status_code == 403


SIGNALS = [{"Sec_GPC": "1"}, {"DNT": "1"}]


@pytest.mark.parametrize("signal", SIGNALS)
def test_wishes_for_privacy_are_ignored_by_default(service: Service, signal: dict[str, str]) -> None:
    assert service.event(CLICK, **signal).status_code == 202
    assert service.sink.events()[0]["user_id"] == "u1"


@pytest.mark.parametrize("signal", SIGNALS)
def test_anonymized_events_have_no_user_address_or_agent(signal: dict[str, str]) -> None:
    service = Service(UGC_PRIVACY_SIGNALS="anonymize", UGC_IP_MODE="full")
    service.event(CLICK, **signal)
    named = {"page_url": "https://c.example/a?email=a@b.c#x", "referrer": "https://s.example/#me", "session_id": "s1"}
    service.event({**CLICK, "anonymous_id": "a1", **named}, **signal)
    service.event(CLICK)
    alone, with_anonymous, other = service.sink.events()
    for event in (alone, with_anonymous):
        assert not {"user_id", "session_id", "ip", "user_agent"} & set(event)
    assert alone["anonymous_id"] == NEW_ID, "nothing ties it to another event"
    assert with_anonymous["anonymous_id"] == NEW_ID
    assert (with_anonymous["page_url"], with_anonymous["referrer"]) == ("https://c.example/a", "https://s.example/")
    assert (other["user_id"], "ip" in other) == ("u1", True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("signal", SIGNALS)
def test_dropped_events_are_answered_with_a_header_that_says_so(path: str, signal: dict[str, str]) -> None:
    service = Service(UGC_PRIVACY_SIGNALS="drop")
    answer = post(service, path, **signal)
    assert (answer.status_code, answer.headers["x-ugc-dropped"]) == (202, "1")
    assert answer.json.get("accepted", 0) == 0
    assert service.sink.messages == []
    assert "x-ugc-dropped" not in post(service, path).headers
    assert 'ugc_events_total{event_type="click",outcome="dropped"} 1.0' in service.client.simulate_get("/metrics").text


@pytest.mark.parametrize("field", ["user_id", "anonymous_id"])
@pytest.mark.parametrize(
    "junk",
    ["undefined", "null", "NULL", " None ", "[object Object]", "NaN", "guest", "anonymous", "0", "false", " ", '"null"',
     "00000000-0000-0000-0000-000000000000", "null" + 100 * " ", "un\u212anown"],
)  # fmt: skip
def test_identity_that_names_nobody_is_refused(service: Service, field: str, junk: str) -> None:
    answer = service.event({**CLICK, field: junk})
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (400, f"$.{field}")
    assert "names nobody" in answer.json["detail"]
    batch = service.batch([CLICK, {**CLICK, field: junk}])
    assert (batch.status_code, batch.json["accepted"]) == (207, 1)


@pytest.mark.parametrize(
    "identity", ["00", "1", "guest-1", "nullable", "Nona", "anonymous-4711", "undefined behaviour"]
)
def test_identity_that_only_looks_like_junk_is_taken(service: Service, identity: str) -> None:
    assert service.event({**CLICK, "user_id": identity}).status_code == 202


AGENTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": True,
    "Mozilla/5.0 (compatible; bingbot/2.0)": True,
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)": True,
    "facebookexternalhit/1.1": True,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/126.0.0.0 Safari/537.36": True,
    "Mozilla/5.0 (compatible; Baiduspider/2.0)": True,
    "Mozilla/5.0 (compatible; UptimeRobot/2.0)": True,
    "Mozilla/5.0 (compatible; Yahoo! Slurp)": True,
    "Chrome-Lighthouse": True,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36": False,
    "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36": False,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari/604.1": False,
    "AbbottReader/1.0": False,
    "curl/8.5.0": False,
    "python-requests/2.32": False,
    "": False,
}


@pytest.mark.parametrize("agent", AGENTS)
def test_robots_that_say_so_are_marked_and_kept(service: Service, agent: str) -> None:
    assert service.event(CLICK, User_Agent=agent).status_code == 202
    (event,) = service.sink.events()
    assert event.get("is_bot", False) is AGENTS[agent]
    assert ("is_bot" in event) is AGENTS[agent], "left out when it is false"


@pytest.mark.parametrize("signals", [{}, {"Sec_GPC": "0"}, {"DNT": "0"}, {"DNT": "null"}], ids=str)
def test_what_is_no_wish_for_privacy_drops_nothing(
    service_with: Callable[..., Service], signals: dict[str, str]
) -> None:
    service = service_with(UGC_PRIVACY_SIGNALS="drop")
    assert service.event(CLICK, **signals).status_code == 202
    assert len(service.sink.messages) == 1
