"""A real browser and the real API, on the embedded stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.chromium import chromium, running_browser, running_site
from tests.support.stack import Stack
from tests.support.tools import need

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext


WRITE_KEY = "key-of-the-site"


class Guarded(NamedTuple):
    """An API that is particular, and the one site that may post to it."""

    stack: Stack
    origin: str
    files: dict[str, str]

    def address(self, path: str) -> str:
        return f"{self.stack.url}{path}?write_key={WRITE_KEY}"


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
    running = Stack(tmp_path_factory.mktemp("stack")).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def guarded(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Before the same broker, with a key, a list of origins, and a limit that a busy page reaches."""
    files: dict[str, str] = {}
    with running_site(files) as origin:
        running = Stack(
            tmp_path_factory.mktemp("guarded"),
            UGC_KAFKA_BOOTSTRAP=stack.bootstrap,
            UGC_CLICKHOUSE_URL=stack.clickhouse,
            UGC_WRITE_KEYS=f"web:{WRITE_KEY}",
            UGC_ALLOWED_ORIGINS=f"{origin},null",
            UGC_RATE_LIMIT="20/second",
        ).start()
        yield Guarded(running, origin, files)
        assert running.stop() == 0
