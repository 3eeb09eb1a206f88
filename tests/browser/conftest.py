"""A real browser and the real API, on the embedded stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import chromium, running_browser
from tests.support.stack import Stack
from tests.support.tools import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    need(chromium)
    with running_browser() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor of their own: without what other tests have left in the browser."""
    fresh = browser.new_context()
    fresh.set_default_timeout(20_000)
    yield fresh
    fresh.close()


@pytest.fixture(scope="session")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack, started only where there is a browser; each test keeps to visitors of its own."""
    assert browser.is_connected()
    running = Stack(tmp_path_factory.mktemp("stack")).with_schema().start()
    yield running
    assert running.stop() == 0
