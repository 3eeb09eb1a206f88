"""The module of docs/api.md in Chromium, on a site of another origin than the API's, as the document has it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.support.chromium import running_site
from tests.support.stack import ROOT, Stack, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page, Request

[MODULE, USE] = re.findall(r"^```js\n(.*?)^```$", (ROOT / "docs" / "api.md").read_text(), re.DOTALL | re.MULTILINE)
ADDRESS = "https://events.example/api/v1/events/batch"
PAGE = """<!DOCTYPE html><title>cinema</title><script type="module">
import { track } from "./events.js";
window.track = track;
</script>"""
LIMIT = 20
BEACON_BYTES = 65_536


@pytest.fixture(scope="module")
def limited(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Another API before the same broker, with a key and with a limit that a busy page reaches."""
    running = Stack(
        tmp_path_factory.mktemp("limited"),
        UGC_KAFKA_BOOTSTRAP=stack.bootstrap,
        UGC_CLICKHOUSE_URL=stack.clickhouse,
        UGC_WRITE_KEYS="web:key-of-the-site",
        UGC_RATE_LIMIT=f"{LIMIT}/second",
    ).start()
    yield running
    assert running.stop() == 0


def site_of(address: str) -> Any:
    assert MODULE.count(ADDRESS) == 1
    files = {"/events.js": MODULE.replace(ADDRESS, address), "/": PAGE, "/use.js": USE}
    files["/use"] = PAGE + '<script type="module" src="./use.js"></script>'
    return running_site(files)


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[str]:
    with site_of(f"{stack.url}/api/v1/events/batch") as origin:
        yield origin


@pytest.fixture(scope="module")
def limited_site(limited: Stack) -> Iterator[str]:
    with site_of(f"{limited.url}/api/v1/events/batch?write_key=key-of-the-site") as origin:
        yield origin


class Visit:
    """A page of the site, with what it has sent."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.posts: list[Request] = []
        self.page.on("request", lambda request: self.posts.append(request) if request.method == "POST" else None)
        self.page.goto(url)
        self.page.wait_for_function("window.track")
        self.visitor: str = self.page.evaluate("localStorage.visitor")

    def track(self, count: int, letters: int = 0) -> None:
        """Have the page count so many clicks, with labels of so many letters, two bytes each."""
        self.page.evaluate(
            """([count, letters]) => {
              for (let i = 0; i < count; i++)
                track("custom", { name: "n" + i, properties: { text: "ж".repeat(letters) } });
            }""",
            [count, letters],
        )


def stored(stack: Stack, visit: Visit) -> int:
    """How many different events of the visitor are there."""
    sql = "SELECT uniqExact(event_id) AS n FROM ugc.events WHERE anonymous_id = {visitor:String}"
    number: int = stack.value(sql, visitor=visit.visitor)
    return number


def arrives(stack: Stack, visit: Visit, count: int) -> None:
    eventually(lambda: stored(stack, visit) >= count, within_s=60)
    assert stored(stack, visit) == count


def test_events_are_stored_with_their_own_ids_and_without_a_preflight(
    stack: Stack, site: str, context: BrowserContext
) -> None:
    visit = Visit(context, f"{site}/use")
    arrives(stack, visit, 1)
    assert [post.headers["content-type"] for post in visit.posts] == ["text/plain;charset=UTF-8"]
    # Chromium tells of preflights only itself; a header that needs one is sent with none of the posts.
    assert not {"x-write-key", "content-encoding"} & set(visit.posts[0].headers)
    [sent] = json.loads(visit.posts[0].post_data or "")["events"]
    assert UUID(sent["event_id"]).version == 7
    [row] = stack.query(
        "SELECT toString(event_id) AS event_id, user_id, page_url, event_type FROM ugc.events "
        "WHERE anonymous_id = {visitor:String}",
        visitor=visit.visitor,
    )
    assert row == {
        "event_id": sent["event_id"],
        "user_id": "user-4711",
        "page_url": f"{site}/use",
        "event_type": "click",
    }


def test_what_is_queued_when_a_page_goes_is_sent_as_a_beacon(stack: Stack, site: str, context: BrowserContext) -> None:
    visit = Visit(context, f"{site}/")
    # In one task with leaving, so that the timer of the page has no time for it.
    visit.page.evaluate('track("click", { element: "movie" }), (location.href = "about:blank")')
    arrives(stack, visit, 1)
    assert [post.resource_type for post in visit.posts] == ["ping"]


def test_what_no_beacon_can_carry_is_sent_by_the_next_page(stack: Stack, site: str, context: BrowserContext) -> None:
    visit = Visit(context, f"{site}/")
    visit.page.evaluate(
        """() => {
          for (let i = 0; i < 100; i++) track("custom", { name: "n" + i, properties: { text: "ж".repeat(1_000) } });
          location.href = "/use";
        }"""
    )
    arrives(stack, visit, 101)
    assert {post.resource_type for post in visit.posts} == {"ping", "fetch"}
    assert all(len(post.post_data_buffer or b"") < BEACON_BYTES for post in visit.posts)


def test_nothing_is_sent_before_the_time_of_retry_after(
    limited: Stack, limited_site: str, context: BrowserContext
) -> None:
    visit = Visit(context, f"{limited_site}/")
    answers: list[tuple[int, float, float]] = []

    def answered(request: Request) -> None:
        answer = request.response()
        assert answer is not None
        after = float(answer.headers.get("retry-after", "0"))
        answers.append((answer.status, request.timing["startTime"] / 1000, after))

    visit.page.on("requestfinished", lambda request: answered(request) if request.method == "POST" else None)
    # More than the limit of a second in each of several bodies.
    visit.track(120, letters=1_000)
    arrives(limited, visit, 120)
    refused = [number for number, (status, _, _) in enumerate(answers) if status == 429]
    assert refused, answers
    for number in refused:
        if number + 1 < len(answers):
            assert answers[number][2] >= 1
            assert answers[number + 1][1] - answers[number][1] >= answers[number][2]
    assert len(visit.posts) >= 4


def test_events_of_a_page_without_network_are_sent_once_it_is_back(
    stack: Stack, site: str, context: BrowserContext
) -> None:
    visit = Visit(context, f"{site}/")
    context.set_offline(True)
    with visit.page.expect_event("requestfailed"):
        visit.track(1)
    # It goes while nothing can be sent, where a beacon would be lost.
    visit.page.wait_for_function("dispatchEvent(new Event('pagehide')) && localStorage.unsent")
    context.set_offline(False)
    visit.page.goto(f"{site}/")
    arrives(stack, visit, 1)


def test_refused_event_is_named_in_the_console_and_costs_no_other(
    stack: Stack, site: str, context: BrowserContext
) -> None:
    visit = Visit(context, f"{site}/")
    with visit.page.expect_console_message(lambda message: message.type == "warning") as warning:
        visit.page.evaluate('track("click", { element: "movie" }), track("click", { element: "poster" })')
    assert "207" in warning.value.text
    assert "$.events[1].element" in warning.value.text
    arrives(stack, visit, 1)
    assert visit.page.evaluate("localStorage.unsent") is None
