"""What people do on a page besides watching: clicks, searches, and the page's own custom events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bench.traffic.catalog import GENRES, Catalog, Film
from bench.traffic.events import Click, Custom, Event, PageType, SearchFilter

if TYPE_CHECKING:
    import random

# Shares of click, search and custom on each type of page.
_HABITS: Final[dict[PageType, tuple[int, int, int]]] = {
    "recommendations": (82, 8, 10),
    "category": (55, 38, 7),
    "promotion": (75, 5, 20),
    "other": (35, 60, 5),
    "movie": (100, 0, 0),
}
_EXPERIMENTS: Final = ("player-controls", "row-order", "autoplay-trailer", "price-page", "poster-size", "search-box")
_LABELS: Final = ("Watch now", "Jetzt ansehen", "Ver ahora", "Regarder", "Смотреть", "More like this")


def start(rng: random.Random, film: Film, *, trailer: bool) -> Click:
    """The click that starts a film or its trailer."""
    return _click(rng, "trailer" if trailer else "movie", film.movie_id, rng.choice(_LABELS))


def browse(rng: random.Random, catalog: Catalog, page_type: PageType) -> Event:
    """One action on a page that is no film's."""
    kind = rng.choices(("click", "search", "custom"), _HABITS[page_type])[0]
    if kind == "search":
        return _search(rng, catalog)
    if kind == "custom":
        return _custom(rng)
    where = rng.random()
    if where < 0.5:  # noqa: PLR2004 - half of the clicks are on a film
        film = catalog.pick(rng)
        return _click(rng, "movie", film.movie_id, film.title)
    if where < 0.7:  # noqa: PLR2004
        genre = rng.choice(GENRES)
        return _click(rng, "category", genre, genre.capitalize())
    if where < 0.92:  # noqa: PLR2004
        return _click(rng, "navigation", rng.choice(("home", "profile", "my-list", "search")), None)
    return _click(rng, "other", None, "Accept")


def _click(rng: random.Random, element: Any, element_id: str | None, label: str | None) -> Click:
    return Click(
        occurred_at=0,
        element=element,
        element_id=element_id,
        label=label,
        x=rng.randint(0, 1900),
        y=rng.randint(0, 4000),
    )


def _search(rng: random.Random, catalog: Catalog) -> SearchFilter:
    event = SearchFilter(occurred_at=0, results_count=int(rng.paretovariate(0.8)) - 1 if rng.random() < 0.9 else 0)  # noqa: PLR2004
    event.results_count = min(event.results_count or 0, len(catalog.films))
    which = rng.random()
    if which < 0.55:  # noqa: PLR2004 - more than half type something
        event.query = catalog.pick(rng).title.lower()[: rng.randint(3, 20)]
    if which > 0.35:  # noqa: PLR2004 - most use a filter, some both
        event.genres = rng.sample(GENRES, rng.randint(1, 3))
        event.rating_min = rng.randint(0, 16) / 2
        event.rating_max = min(10.0, event.rating_min + rng.randint(1, 8) / 2)
    if which > 0.7:  # noqa: PLR2004
        event.actors = rng.sample(catalog.actors, rng.randint(1, 2))
        event.year_from = rng.randint(1950, 2020)
        event.year_to = rng.randint(event.year_from, 2026)
    return event


def _custom(rng: random.Random) -> Custom:
    if rng.random() < 0.25:  # noqa: PLR2004 - a short one now and then
        return Custom(occurred_at=0, name="promo_shown", properties={"slot": rng.randint(1, 6), "visible": True})
    name = rng.choice(("page_performance", "experiment_exposure"))
    properties: dict[str, Any] = {
        "time_to_first_byte_ms": rng.randint(20, 900),
        "largest_contentful_paint_ms": rng.randint(400, 6_000),
        "layout_shift": round(rng.random() / 4, 4),
        "connection": {"type": rng.choice(("wifi", "4g", "5g")), "downlink_mbps": round(rng.uniform(1, 300), 1)},
        "experiments": {experiment: rng.choice(("control", "a", "b")) for experiment in _EXPERIMENTS},
        "slowest_resources": [
            {"name": f"/assets/posters/{rng.getrandbits(80):020x}.webp", "ms": rng.randint(100, 4_000)}
            for _ in range(rng.randint(2, 12))
        ],
        "returning": rng.random() < 0.5,  # noqa: PLR2004
        "referral": None,
    }
    return Custom(occurred_at=0, name=name, properties=properties)
