"""The cinema's pages: their addresses, titles, and how people get to them from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from bench.traffic.catalog import GENRES, Catalog, Film

if TYPE_CHECKING:
    import random

    from bench.traffic.events import PageType

_SITE: Final = "https://cinema.example"
_FROM_CAMPAIGN: Final = 0.3
_OUTSIDE: Final = (
    None,
    "https://search.example/",
    "https://social.example/feed/for-you",
    "https://news.example/culture/cinema/what-to-watch-this-weekend",
    "https://mail.example/inbox/u/0/newsletter/the-week-at-the-cinema",
)
_CAMPAIGNS: Final = ("autumn-premieres", "family-weekend", "free-month", "festival-winners", "late-night-horror")


class Page(msgspec.Struct, frozen=True):
    """One page as it is opened; `film` only on a film's page, `page_id` on a page that shows one thing."""

    page_type: PageType
    page_id: str | None
    title: str
    url: str
    film: Film | None = None


class Site:
    """Makes pages for one visit: a visit that came by a campaign carries the campaign's parameters in every address."""

    def __init__(self, rng: random.Random, catalog: Catalog) -> None:
        self._rng = rng
        self._catalog = catalog
        self._suffix = ""
        self.entry_referrer = rng.choice(_OUTSIDE)
        if rng.random() < _FROM_CAMPAIGN:
            campaign = rng.choice(_CAMPAIGNS)
            # A click id, as advertisers append it.
            click = f"{rng.getrandbits(300):x}"
            self._suffix = f"?utm_source=newsletter&utm_medium=email&utm_campaign={campaign}&click_id={click}"

    def page(self, page_type: PageType) -> Page:
        """Open a page of this type, about something popular."""
        rng = self._rng
        if page_type == "movie":
            return self._of_film(self._catalog.pick(rng))
        if page_type == "category":
            genre = rng.choice(GENRES)
            return Page("category", genre, f"{genre.capitalize()} films", self._url(f"category/{quote(genre)}"))
        if page_type == "promotion":
            campaign = rng.choice(_CAMPAIGNS)
            return Page("promotion", campaign, campaign.replace("-", " ").title(), self._url(f"promotion/{campaign}"))
        if page_type == "recommendations":
            return Page("recommendations", None, "For you", self._url("for-you"))
        return Page("other", None, "Search", self._url("search"))

    def _of_film(self, film: Film) -> Page:
        slug = quote(film.title.lower().replace(" ", "-"))
        return Page(
            "movie", film.movie_id, f"{film.title} ({film.year})", self._url(f"movie/{film.movie_id}/{slug}"), film
        )

    def _url(self, path: str) -> str:
        return f"{_SITE}/{path}{self._suffix}"
