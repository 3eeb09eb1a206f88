"""What a person does on a visit, by chance: pages, clicks, searches, films, and what a product team counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oracle.lives import cast, watching
from tests.oracle.lives.times import HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.oracle.lives.deeds import Browser, Deed, Diary

SILENCE = 30 * MINUTE
PAUSES = (SILENCE - 1, SILENCE, SILENCE + 1)


@dataclass
class Visit:
    """A person at a browser; the clock goes on with each step."""

    diary: Diary
    films: tuple[cast.Film, ...]
    browser: Browser
    user: str | None
    at: int
    session_id: str | None = None
    page_url: str | None = None

    def do(self, event_type: str, payload: dict[str, Any], **more: Any) -> Deed:
        return self.diary.write(
            self.at,
            self.browser,
            event_type,
            payload,
            user=self.user,
            session_id=self.session_id,
            page_url=self.page_url,
            **more,
        )

    def wait(self, shortest: int, longest: int) -> None:
        self.at += self.diary.chance.randrange(shortest, longest)


def go(visit: Visit, person: cast.Person) -> None:
    """One visit. Who has a user id may come as a guest and sign in on the way."""
    chance = visit.diary.chance
    visit.user = person.user_id if chance.random() < 0.7 else None
    visit.session_id = f"s{chance.randrange(1000)}" if chance.random() < 0.8 else None
    steps = chance.randrange(2, 6)
    for number in range(steps):
        if number == steps // 2:
            visit.user = person.user_id
        chance.choices((look, search, film, invent), weights=(4, 3, 4, 1))[0](visit)
        if chance.random() < 0.06:
            visit.at += chance.choice(PAUSES)
        else:
            visit.wait(SECOND, 5 * MINUTE)


def look(visit: Visit) -> None:
    """A page is opened, things are clicked, and it is left: not at all, once, or again and again."""
    chance = visit.diary.chance
    page_type, page_id = chance.choice(cast.PAGES)
    page(visit, page_type, page_id, title=chance.choice((None, "A page")))


def film(visit: Visit) -> None:
    """The page of a film, perhaps its trailer, perhaps the film."""
    chance = visit.diary.chance
    chosen = chance.choice(visit.films[: chance.choice((4, 12, 24))])
    page(visit, "movie", chosen.movie_id, title=f"Film {chosen.movie_id}")
    visit.wait(SECOND, 20 * SECOND)
    if chance.random() < 0.4:
        visit.do("click", {"element": "trailer", "element_id": chosen.movie_id})
        visit.wait(20 * SECOND, 3 * MINUTE)
    if chance.random() < 0.6:
        visit.at = watching.watch(visit, chosen)


def page(visit: Visit, page_type: str, page_id: str, title: str | None) -> None:
    chance = visit.diary.chance
    named = {"page_type": page_type, **({"page_id": page_id} if page_id else {})}
    visit.page_url = f"/{page_type}/{page_id}" if chance.random() < 0.95 else None
    view_id = visit.diary.random_id()
    opened = visit.at
    referrer = chance.choice((None, "https://search.example/"))
    visit.do("page_view", {"view_id": view_id, **named, **({"title": title} if title else {})}, referrer=referrer)
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        visit.wait(SECOND, 40 * SECOND)
        click(visit)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        visit.wait(SECOND, 4 * MINUTE)
        leave: dict[str, Any] = {"view_id": view_id, **named, "dwell_ms": visit.at - opened}
        if chance.random() < 0.6:
            leave["active_ms"] = (visit.at - opened) // 2
        if chance.random() < 0.7:
            leave["scroll_percent"] = chance.randrange(101)
        visit.do("page_leave", leave)


def click(visit: Visit) -> None:
    chance = visit.diary.chance
    payload: dict[str, Any] = {"element": chance.choice(("movie", "category", "navigation", "other", "trailer"))}
    if payload["element"] in {"movie", "trailer"} and chance.random() < 0.9:
        payload["element_id"] = chance.choice(visit.films).movie_id
    if chance.random() < 0.5:
        payload |= {"label": 'Watch "it"\tnow — здесь', "x": chance.randrange(2000), "y": chance.randrange(9000)}
    visit.do("click", payload)


def search(visit: Visit) -> None:
    """A text, filters, both; how many films were found may be untold."""
    chance = visit.diary.chance
    visit.page_url = "/search"
    payload: dict[str, Any] = {}
    if chance.random() < 0.8:
        payload["query"] = chance.choice(cast.QUERIES)
    if chance.random() < 0.4:
        payload["genres"] = chance.choices(cast.GENRES, k=chance.randrange(1, 4))
    if chance.random() < 0.2:
        payload["actors"] = chance.choices(cast.ACTORS, k=chance.randrange(1, 3))
    low, high = sorted((chance.randrange(1, 21) / 2, chance.randrange(1, 21) / 2))
    payload |= chance.choice(
        ({}, {}, {"rating_min": low}, {"rating_max": high}, {"rating_min": low, "rating_max": high})
    )
    first, last = sorted((chance.randrange(1990, 2000), chance.randrange(1990, 2000)))
    payload |= chance.choice(({}, {}, {"year_from": first}, {"year_to": last}, {"year_from": first, "year_to": last}))
    found = chance.choice((None, None, 0, 0, 3, 40))
    visit.do("search_filter", payload if found is None else {**payload, "results_count": found})


def invent(visit: Visit) -> None:
    chance = visit.diary.chance
    name = chance.choice(("promo_code_used", "rating", "ab:variant"))
    visit.do("custom", {"name": name, "properties": {"variant": chance.choice("abc"), "tags": ["ä", {"n": 1.5}]}})


def start_of(visit_day: int, chance_of_day: float) -> int:
    """A time of the day; evenings are busiest, so that many visits go on after midnight."""
    return visit_day + int((chance_of_day**0.6) * 24 * HOUR)
