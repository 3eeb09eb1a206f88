"""The module of docs/api.md in Chromium, on a site of another origin than the API's, as the document has it."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.support.chromium import running_site
from tests.support.stack import ROOT, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page, Request

    from tests.browser.conftest import Guarded
    from tests.support.stack import Stack

[MODULE, USE] = re.findall(r"^```js\n(.*?)^```$", (ROOT / "docs" / "api.md").read_text(), re.DOTALL | re.MULTILINE)
ADDRESS = "https://events.example/api/v1/events/batch"
PAGE = """<!DOCTYPE html><title>cinema</title><script type="module">
import { track } from "./events.js";
window.track = track;
</script>"""
# Playwright does not tell of a beacon whose page is gone.
NOTE_BEACONS = """const send = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (url, body) => {
  const sent = send(url, body);
  const noted = JSON.parse(sessionStorage.beacons ?? "[]");
  sessionStorage.beacons = JSON.stringify([...noted, [typeof body, new Blob([body]).size, sent]]);
  return sent;
};"""
BEACON_BYTES = 65_536


def site_of(address: str) -> dict[str, str]:
    """The files of a site that sends to this address."""
    assert MODULE.count(ADDRESS) == 1
    return {
        "/events.js": MODULE.replace(ADDRESS, address),
        "/use.js": USE,
        "/": PAGE,
        "/use": PAGE + '<script type="module" src="./use.js"></script>',
        "/next": "<title>next page, without the module</title>",
    }


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[str]:
    with running_site(site_of(f"{stack.url}/api/v1/events/batch")) as origin:
        yield origin


class Visit:
    """A page of the site, with what it has sent."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.add_init_script(NOTE_BEACONS)
        self.posts: list[Request] = []
        self.page.on("request", lambda request: self.posts.append(request) if request.method == "POST" else None)
        self.page.goto(url)
        self.page.wait_for_function("Boolean(window.track)")
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

    def beacons(self) -> list[tuple[str, int, bool]]:
        """What kind of body each had, how many bytes, and whether the browser took it."""
        noted = self.page.evaluate("JSON.parse(sessionStorage.beacons ?? '[]')")
        return [(kind, size, taken) for kind, size, taken in noted]

    def catch_up(self) -> None:
        """Playwright tells what has happened only while it is asked for something."""
        self.page.context.cookies()


def stored(stack: Stack, visit: Visit) -> int:
    """How many different events of the visitor are there."""
    sql = "SELECT uniqExact(event_id) AS n FROM ugc.events WHERE anonymous_id = {visitor:String}"
    number: int = stack.value(sql, visitor=visit.visitor)
    return number


def arrives(stack: Stack, visit: Visit, count: int) -> None:
    eventually(lambda: stored(stack, visit) >= count, within_s=60)
    assert stored(stack, visit) == count
    visit.catch_up()


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
    visit.page.evaluate('track("click", { element: "movie" }), (location.href = "/next")')
    visit.page.wait_for_url("**/next")
    arrives(stack, visit, 1)
    [(kind, _, taken)] = visit.beacons()
    assert (kind, taken) == ("string", True)
    assert visit.posts == []


def test_what_no_beacon_can_carry_is_sent_by_the_next_page(stack: Stack, site: str, context: BrowserContext) -> None:
    visit = Visit(context, f"{site}/")
    visit.page.evaluate(
        """() => {
          for (let i = 0; i < 100; i++) track("custom", { name: "n" + i, properties: { text: "ж".repeat(1_000) } });
          location.href = "/use";
        }"""
    )
    arrives(stack, visit, 101)
    beacons = visit.beacons()
    assert [taken for _, _, taken in beacons] == [True, False]
    assert all(60_000 - 2_500 < size < BEACON_BYTES for _, size, _ in beacons)
    assert all(
        post.resource_type == "fetch" and len(post.post_data_buffer or b"") < BEACON_BYTES for post in visit.posts
    )
    assert len(visit.posts) >= 3


def test_nothing_is_sent_before_the_time_of_retry_after(
    stack: Stack, guarded: Guarded, context: BrowserContext
) -> None:
    guarded.files |= site_of(guarded.address("/api/v1/events/batch"))
    visit = Visit(context, f"{guarded.origin}/")
    # More than the limit of a second in each of several bodies.
    visit.track(120, letters=1_000)
    arrives(stack, visit, 120)
    refused = 0
    for post, following in pairwise(visit.posts):
        answer = post.response()
        assert answer is not None
        if answer.status == 429:
            refused += 1
            waited_s = (following.timing["startTime"] - post.timing["startTime"]) / 1_000
            assert waited_s >= int(answer.headers["retry-after"]) >= 1
    assert refused >= 1


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
