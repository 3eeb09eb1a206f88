"""Every way in which a page can post, from another origin, from none, from the API's own: the table of docs/api.md."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.support.chromium import running_site
from tests.support.stack import Stack, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

XHR = """new Promise((done, failed) => {
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.withCredentials = %s;
  request.setRequestHeader("Content-Type", "%s");
  request.onload = () => done(request.status);
  request.onerror = () => failed(new Error("XMLHttpRequest"));
  request.send(text);
})"""
FETCH = """fetch(url, { method: "POST", body: text, %s }).then(async (answer) => {
  if (answer.type !== "opaque" && !(await answer.json()).event_id) throw new Error("no event_id");
  return answer.status;
})"""
JSON_TYPE = '"Content-Type": "application/json"'
AGENTS = ("traceparent", "tracestate", "baggage", "sentry-trace", "request-id", "x-datadog-trace-id")
TRACED = ", ".join(f'"{name}": "1"' for name in AGENTS)
STORED = {
    "fetch of a text": (FETCH % "", 202),
    "fetch of JSON": (FETCH % f"headers: {{ {JSON_TYPE} }}", 202),
    "fetch of a text with credentials": (FETCH % 'credentials: "include"', 202),
    "fetch of JSON with credentials": (FETCH % f'credentials: "include", headers: {{ {JSON_TYPE} }}', 202),
    "fetch with headers of tracing agents": (FETCH % f"headers: {{ {JSON_TYPE}, {TRACED} }}", 202),
    "fetch that outlives the page": (FETCH % f"keepalive: true, headers: {{ {JSON_TYPE} }}", 202),
    "fetch without CORS": (FETCH % 'mode: "no-cors"', 0),
    "packed": (
        """(async () => {
          const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
          const body = await new Response(packed).arrayBuffer();
          const headers = { "Content-Type": "text/plain", "Content-Encoding": "gzip" };
          return (await fetch(url, { method: "POST", body, headers })).status;
        })()""",
        202,
    ),
    "XMLHttpRequest of a text": (XHR % ("false", "text/plain"), 202),
    "XMLHttpRequest of JSON": (XHR % ("false", "application/json"), 202),
    "XMLHttpRequest of JSON with credentials": (XHR % ("true", "application/json"), 202),
    "beacon of a text": ("navigator.sendBeacon(url, text)", True),
    "beacon of a blob of text": ('navigator.sendBeacon(url, new Blob([text], { type: "text/plain" }))', True),
    "beacon of a blob of JSON": ('navigator.sendBeacon(url, new Blob([text], { type: "application/json" }))', True),
}
REFUSED = {
    "beacon of a form": "navigator.sendBeacon(url, new URLSearchParams(JSON.parse(text)))",
    "beacon of form data": "(form => (form.append('event', text), navigator.sendBeacon(url, form)))(new FormData())",
    "fetch of a form": "fetch(url, { method: 'POST', body: new URLSearchParams(JSON.parse(text)) })",
    "fetch of another type": "fetch(url, { method: 'POST', body: text, headers: { 'Content-Type': 'text/csv' } })",
}


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    framed = """<iframe sandbox="allow-scripts" srcdoc="<title>nowhere</title>"></iframe>"""
    with running_site({"/": "<title>cinema</title>", "/framed": framed}) as origin:
        yield origin


def posted(page: Page, origin: str, way: str, url: str, visitor: str) -> object:
    """Post an event from a page of that origin; returns what the page sees."""
    frame = page.main_frame if origin != "null" else page.frames[1]
    assert frame.evaluate("origin") == origin
    text = f'{{"event_type": "click", "element": "movie", "anonymous_id": "{visitor}"}}'
    return frame.evaluate(f"async ([url, text]) => {way}", [url, text])


@pytest.mark.parametrize("place", ["elsewhere", "nowhere", "the API's own"])
def test_event_is_stored_in_every_way_that_a_page_can_post(
    stack: Stack, elsewhere: str, context: BrowserContext, place: str
) -> None:
    origin, address = {
        "elsewhere": (elsewhere, f"{elsewhere}/"),
        "nowhere": ("null", f"{elsewhere}/framed"),
        "the API's own": (stack.url, f"{stack.url}/healthz"),
    }[place]
    page = context.new_page()
    page.goto(address)
    visitors = {name: f"{uuid4()}" for name in STORED}
    seen = {
        name: posted(page, origin, way, f"{stack.url}/api/v1/events", visitors[name])
        for name, (way, _) in STORED.items()
    }
    # The own origin needs no CORS, and an answer to it is no secret without.
    expected = {name: answer for name, (_, answer) in STORED.items()}
    if origin == stack.url:
        expected["fetch without CORS"] = 202
    assert seen == expected
    sql = "SELECT DISTINCT anonymous_id FROM ugc.events WHERE has({visitors:Array(String)}, anonymous_id)"

    def missing() -> set[str]:
        rows = stack.query(sql, visitors=[*visitors.values()])
        return set(visitors.values()) - {row["anonymous_id"] for row in rows}

    eventually(lambda: not missing(), within_s=60)


@pytest.mark.parametrize("name", REFUSED)
def test_body_that_cannot_be_taken_is_named_in_the_console(
    stack: Stack, elsewhere: str, context: BrowserContext, name: str
) -> None:
    page = context.new_page()
    page.goto(f"{elsewhere}/")
    with page.expect_console_message(lambda message: message.type == "error") as console:
        page.evaluate(f"([url, text]) => {REFUSED[name]}", [f"{stack.url}/api/v1/events", '{"event_type": "click"}'])
    assert "415" in console.value.text


def test_page_that_may_not_post_is_told_so_in_the_console(
    stack: Stack, elsewhere: str, context: BrowserContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    choosy = Stack(
        tmp_path_factory.mktemp("choosy"),
        UGC_KAFKA_BOOTSTRAP=stack.bootstrap,
        UGC_CLICKHOUSE_URL=stack.clickhouse,
        UGC_ALLOWED_ORIGINS="https://cinema.example,null",
    ).start()
    url, event = f"{choosy.url}/api/v1/events", '{"event_type": "click", "element": "movie", "anonymous_id": "chosen"}'
    send = "([url, text]) => fetch(url, { method: 'POST', body: text }).then((answer) => answer.status, String)"
    page = context.new_page()
    page.goto(f"{elsewhere}/framed")
    assert page.frames[1].evaluate(send, [url, event]) == 202
    with page.expect_console_message(lambda message: "CORS" in message.text) as console:
        assert "TypeError" in page.evaluate(send, [url, event])
    assert elsewhere in console.value.text
    page.goto(f"{choosy.url}/apidocs")
    assert page.evaluate(send, [url, event]) == 202
    assert choosy.stop() == 0
