"""The cinema's films: the same for a seed, a few of them popular and most of them not (Zipf)."""

from __future__ import annotations

import itertools
import random
from typing import Final

import msgspec

GENRES: Final = (
    "drama", "comedy", "thriller", "crime", "romance", "science fiction", "documentary", "animation", "horror",
    "family", "adventure", "fantasy", "history", "music", "western",
)  # fmt: skip
_FIRST: Final = (
    "Silent", "Last", "Golden", "Broken", "Endless", "Hidden", "Crimson", "Northern", "Forgotten", "Electric", "Paper",
    "Der große", "La última", "Le dernier", "Тихий", "Żółty",
)  # fmt: skip
_SECOND: Final = (
    "River", "Winter", "Kingdom", "Station", "Garden", "Letter", "Harbour", "Mirror", "Summer", "Signal", "Mountain",
    "Sommer", "Ciudad", "Été", "Город", "Księżyc",
)  # fmt: skip
_GIVEN: Final = ("Anna", "Mateo", "Zoë", "Jürgen", "Ирина", "Liam", "Chloé", "Paweł", "Sofía", "Noah", "Mei", "Omar")
_FAMILY: Final = ("Weber", "García", "Müller", "Novák", "Smith", "Петрова", "Dubois", "Kowalski", "Tanaka", "Okafor")

FILMS: Final = 2000
_ZIPF_EXPONENT: Final = 1.0
_MINUTE_MS: Final = 60_000


class Film(msgspec.Struct, frozen=True):
    """One film; `duration_ms` is that of the film, 75 to 165 minutes, `trailer_ms` that of its trailer."""

    movie_id: str
    title: str
    genre: str
    year: int
    duration_ms: int
    trailer_ms: int


class Catalog:
    """Films by rank of popularity, and the actors that people search for."""

    def __init__(self, seed: int, size: int = FILMS) -> None:
        rng = random.Random(f"catalog:{seed}")
        self.films = [_film(rng, rank) for rank in range(1, size + 1)]
        self.actors = [f"{given} {family}" for given in _GIVEN for family in _FAMILY]
        self._weights = list(itertools.accumulate(1 / rank**_ZIPF_EXPONENT for rank in range(1, size + 1)))

    def pick(self, rng: random.Random) -> Film:
        """A film, by popularity."""
        return rng.choices(self.films, cum_weights=self._weights)[0]


def _film(rng: random.Random, rank: int) -> Film:
    return Film(
        movie_id=f"tt{rank:07}",
        title=f"{rng.choice(_FIRST)} {rng.choice(_SECOND)}",
        genre=rng.choice(GENRES),
        year=rng.randint(1950, 2026),
        duration_ms=rng.randint(75 * _MINUTE_MS, 165 * _MINUTE_MS),
        trailer_ms=rng.randint(_MINUTE_MS, 3 * _MINUTE_MS),
    )
