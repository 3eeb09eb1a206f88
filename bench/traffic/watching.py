"""Watching a film or a trailer: heartbeats, pauses, changes of quality, the end.

A real player beats every 10 to 30 seconds. Ten actions a person leave room for a few beats only, so they are spread
over what is watched; a trailer's come as close as a real player's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bench.traffic.events import Event, VideoComplete, VideoProgress, VideoQualityChange

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from bench.traffic.catalog import Film

_QUALITIES: Final = ("144p", "240p", "360p", "480p", "720p", "1080p", "1440p", "2160p", "4320p")
_USUAL_QUALITY: Final = 5
_STATES: Final[tuple[Literal["playing", "paused", "buffering"], ...]] = ("playing", "paused", "buffering")
_STATE_WEIGHTS: Final = (84, 11, 5)
_MOST_WATCHED_MS: Final = 4 * 3_600_000
_FINISHES: Final = 0.55
_CHANGES_QUALITY: Final = 0.16
_AUTOMATIC: Final = 0.6
_CHOOSES_TRAILER: Final = 0.4


class Screening:
    """The watching of one visit: at most four hours of films, and trailers after that."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._watched_ms = 0
        self._quality = _USUAL_QUALITY

    def chooses_trailer(self) -> bool:
        """Whether the next watching is of a trailer."""
        return self._rng.random() < _CHOOSES_TRAILER or self._watched_ms > _MOST_WATCHED_MS

    def watch(self, film: Film, count: int, *, trailer: bool) -> Iterator[tuple[int, Event]]:
        """`count` events, each with the milliseconds that passed since the one before."""
        rng = self._rng
        duration_ms = film.trailer_ms if trailer else film.duration_ms
        finishes = count > 0 and rng.random() < _FINISHES
        watched_share = 1.0 if finishes else rng.uniform(0.05, 0.95)
        position_ms = 0
        for number in range(1, count + 1):
            reached_ms = int(duration_ms * watched_share * number / count)
            after_ms = reached_ms - position_ms
            position_ms = reached_ms
            if finishes and number == count:
                self._watched_ms += after_ms
                yield (
                    after_ms,
                    VideoComplete(
                        occurred_at=0,
                        movie_id=film.movie_id,
                        duration_ms=duration_ms,
                        watched_ms=int(duration_ms * rng.uniform(0.9, 1.0)),
                    ),
                )
            elif rng.random() < _CHANGES_QUALITY:
                self._watched_ms += after_ms
                yield after_ms, self._change_quality(film, position_ms)
            else:
                state = rng.choices(_STATES, _STATE_WEIGHTS)[0]
                if state != "playing":
                    after_ms += rng.randint(500, 180_000 if state == "paused" else 8_000)
                self._watched_ms += after_ms
                yield (
                    after_ms,
                    VideoProgress(
                        occurred_at=0,
                        movie_id=film.movie_id,
                        position_ms=position_ms,
                        duration_ms=duration_ms,
                        state=state,
                    ),
                )

    def _change_quality(self, film: Film, position_ms: int) -> VideoQualityChange:
        rng, before = self._rng, self._quality
        lowest, highest = max(0, before - 2), min(len(_QUALITIES) - 1, before + 2)
        self._quality = rng.choice([quality for quality in range(lowest, highest + 1) if quality != before])
        return VideoQualityChange(
            occurred_at=0,
            movie_id=film.movie_id,
            from_quality=_QUALITIES[before],
            to_quality=_QUALITIES[self._quality],
            position_ms=position_ms,
            automatic=rng.random() < _AUTOMATIC,
        )
