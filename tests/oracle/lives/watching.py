"""Watching a film: heartbeats of all states, jumps, other qualities, and an end that comes or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.lives import cast
from tests.oracle.lives.times import MINUTE, SECOND

if TYPE_CHECKING:
    from tests.oracle.lives.visits import Visit


def watch(visit: Visit, film: cast.Film) -> int:
    """Watch, from anywhere; gives when it was over."""
    chance = visit.diary.chance
    visit.page_url = f"/watch/{film.movie_id}"
    position = chance.choice((0, 0, 0, chance.randrange(film.duration_ms)))
    told_length: dict[str, Any] = chance.choice(({"duration_ms": film.duration_ms},) * 8 + ({"duration_ms": 0}, {}))
    if chance.random() < 0.9:
        for _ in range(chance.randrange(1, 9)):
            step = chance.randrange(20 * SECOND, 9 * MINUTE)
            visit.at += step
            state = chance.choices(("playing", "paused", "buffering"), weights=(6, 2, 2))[0]
            if state == "playing":
                position += step
            position = _jumped(visit, position, film)
            visit.do(
                "video_progress", {"movie_id": film.movie_id, "position_ms": position, "state": state, **told_length}
            )
            if chance.random() < 0.2:
                visit.wait(1, SECOND)
                _other_quality(visit, film, position)
    if chance.random() < 0.35:
        visit.wait(SECOND, 2 * MINUTE)
        watched = {} if chance.random() < 0.3 else {"watched_ms": chance.randrange(film.duration_ms)}
        visit.do("video_complete", {"movie_id": film.movie_id, "duration_ms": film.duration_ms, **watched})
    return visit.at


def _jumped(visit: Visit, position: int, film: cast.Film) -> int:
    """Where the player is after a jump, if there is one; players report a little more than there is of a film."""
    chance = visit.diary.chance
    if chance.random() < 0.15:
        position = chance.choice((0, max(0, position - 5 * MINUTE), position + 20 * MINUTE, film.duration_ms // 10))
    return min(position, film.duration_ms + chance.choice((0, 400)))


def _other_quality(visit: Visit, film: cast.Film, position: int) -> None:
    chance = visit.diary.chance
    payload: dict[str, Any] = {
        "movie_id": film.movie_id,
        "from_quality": chance.choice(cast.QUALITIES),
        "to_quality": chance.choice(cast.QUALITIES),
    }
    if chance.random() < 0.7:
        payload["position_ms"] = position
    if chance.random() < 0.6:
        payload["automatic"] = True
    visit.do("video_quality_change", payload)
