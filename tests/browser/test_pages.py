"""The service's own pages, as somebody sees them who opens them, also on a phone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.support.stack import Stack

PHONE: ViewportSize = {"width": 360, "height": 740}
WIDER = """() => [...document.querySelectorAll("body *")]
  .filter((each) => {
    const inside = (at) => at && at !== document.body
      && (["auto", "scroll", "hidden"].includes(getComputedStyle(at).overflowX) || inside(at.parentElement));
    return each.getBoundingClientRect().right > 361 && !inside(each.parentElement);
  })
  .map((each) => `${each.tagName}.${each.className}`)"""
"""What reaches beyond the screen, but for what is scrolled within a part of the page."""


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)
    fresh.set_default_timeout(20_000)
    yield fresh
    fresh.close()


def opened(context: BrowserContext, url: str) -> tuple[Page, list[str]]:
    """A page, and what it has to complain of: errors, and what its own policy has blocked."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page, complaints


def test_first_page_links_to_pages_that_are_there(stack: Stack, context: BrowserContext) -> None:
    page, complaints = opened(context, f"{stack.url}/")
    links = [link.get_attribute("href") for link in page.locator("a").all()]
    assert links == ["/apidocs", "/openapi.json", "/healthz", "/readyz", "/metrics"]
    for link in links:
        answer = page.request.get(f"{stack.url}{link}")
        assert answer.status == 200, link
    page.get_by_role("link", name="every field").click()
    page.locator(".opblock").first.wait_for()
    assert complaints == []


@pytest.mark.parametrize("path", ["/apidocs", "/apidocs/"])
def test_event_is_sent_from_the_page_of_the_documentation(stack: Stack, context: BrowserContext, path: str) -> None:
    page, complaints = opened(context, f"{stack.url}{path}")
    block = page.locator("#operations-events-postEvent")
    block.get_by_role("button").first.click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response")
    assert answer.locator(".response-col_status").inner_text().split()[0] == "202"
    assert set(json.loads(answer.locator("code").first.inner_text())) == {"event_id"}
    assert complaints == []


@pytest.mark.parametrize("path", ["/", "/apidocs"])
def test_nothing_is_wider_than_the_screen_of_a_phone(stack: Stack, phone: BrowserContext, path: str) -> None:
    page, _ = opened(phone, f"{stack.url}{path}")
    if path == "/apidocs":
        page.locator(".opblock").first.wait_for()
        open_all(page, ".opblock:not(.is-open) .opblock-summary-control")
        open_all(page, ".try-out__btn:not(.cancel)")
        page.get_by_role("button", name="Execute").first.click()
        page.locator(".live-responses-table .response").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate(WIDER) == []


def open_all(page: Page, closed: str) -> None:
    assert page.locator(closed).count() >= 5
    while page.locator(closed).count():
        page.locator(closed).first.click()
