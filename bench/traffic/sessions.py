"""One visit: pages are opened and left, films found, watched and finished. Times are ms since the visit's start."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from bench.traffic import actions, watching
from bench.traffic.events import Event, PageLeave, PageType, PageView
from bench.traffic.pages import Page, Site

if TYPE_CHECKING:
    import random

    from bench.traffic.catalog import Catalog

LONGEST_VISIT: Final = 40  # events; with the bound of watching.Screening, every visit is far shorter than a day
_ENTRY_PAGES: Final[tuple[PageType, ...]] = ("recommendations", "category", "movie", "promotion", "other")
_ENTRY_WEIGHTS: Final = (30, 25, 20, 12, 13)
_NEXT_WEIGHTS: Final = (8, 14, 62, 4, 12)
_MOST_WATCHING: Final = 7
_MOST_BROWSING: Final = 3
_PAGE: Final = 2  # a view and a leave


class Visit:
    """Makes the events of one visit, in order, without ids and identity."""

    def __init__(self, rng: random.Random, catalog: Catalog) -> None:
        self._rng = rng
        self._catalog = catalog
        self._site = Site(rng, catalog)
        self._screening = watching.Screening(rng)
        self._clock_ms = 0
        self._referrer = self._site.entry_referrer
        self.events: list[Event] = []

    def run(self, count: int) -> list[Event]:
        """Exactly `count` events (1 to LONGEST_VISIT). Every opened page is left, but in a visit of one event."""
        left = count
        weights = _ENTRY_WEIGHTS
        while left > 0:
            page = self._site.page(self._rng.choices(_ENTRY_PAGES, weights)[0])
            weights = _NEXT_WEIGHTS
            left -= self._visit_page(page, left)
        return self.events

    def _visit_page(self, page: Page, left: int) -> int:
        """Open a page, act on it, leave it. Returns how many events that took: never so many that one alone is left."""
        rng, before = self._rng, len(self.events)
        view_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        opened_ms = self._clock_ms
        self._add(
            page,
            PageView(occurred_at=0, view_id=view_id, page_type=page.page_type, page_id=page.page_id, title=page.title),
        )
        if left == 1:
            return 1
        most = _MOST_WATCHING if page.film else _MOST_BROWSING
        within = min(rng.randint(1 if page.film else 0, most), left - _PAGE)
        if left - _PAGE - within == 1:
            within += 1
        if page.film:
            self._watch(page, within)
        else:
            self._browse(page, within)
        self._clock_ms += rng.randint(800, 40_000)
        dwell_ms = self._clock_ms - opened_ms
        leave = PageLeave(
            occurred_at=0,
            view_id=view_id,
            page_type=page.page_type,
            page_id=page.page_id,
            dwell_ms=dwell_ms,
            active_ms=int(dwell_ms * rng.uniform(0.3, 1.0)),
            scroll_percent=rng.randint(0, 100),
        )
        self._add(page, leave)
        self._clock_ms += rng.randint(50, 900)
        self._referrer = page.url
        return len(self.events) - before

    def _browse(self, page: Page, count: int) -> None:
        for _ in range(count):
            self._clock_ms += self._rng.randint(1_500, 45_000)
            self._add(page, actions.browse(self._rng, self._catalog, page.page_type))

    def _watch(self, page: Page, count: int) -> None:
        if not page.film or not count:
            return
        self._clock_ms += self._rng.randint(1_500, 60_000)
        trailer = self._screening.chooses_trailer()
        self._add(page, actions.start(self._rng, page.film, trailer=trailer))
        for after_ms, event in self._screening.watch(page.film, count - 1, trailer=trailer):
            self._clock_ms += after_ms
            self._add(page, event)

    def _add(self, page: Page, event: Event) -> None:
        event.occurred_at = self._clock_ms
        event.page_url = page.url
        event.referrer = self._referrer
        self.events.append(event)
