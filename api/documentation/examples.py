"""One example of each event type, for the documentation. Tests post them all."""

from __future__ import annotations

from typing import Any, Final

_COMMON: Final[dict[str, Any]] = {
    "user_id": "user-4711",
    "anonymous_id": "5f0c6f0e-visitor",
    "session_id": "session-1",
    "page_url": "https://cinema.example/movies/tt0133093",
    "referrer": "https://cinema.example/",
    "context": {
        "locale": "de-DE",
        "timezone": "Europe/Berlin",
        "screen_width": 1920,
        "screen_height": 1080,
        "app_version": "1.2.3",
    },
}
_VIEW: Final = "0190a6a0-5c52-7000-8000-000000000001"

_OWN: Final[dict[str, dict[str, Any]]] = {
    "click": {"element": "trailer", "element_id": "tt0133093", "label": "Watch trailer", "x": 640, "y": 480},
    "page_view": {"view_id": _VIEW, "page_type": "movie", "page_id": "tt0133093", "title": "The Matrix"},
    "page_leave": {
        "view_id": _VIEW,
        "page_type": "movie",
        "page_id": "tt0133093",
        "dwell_ms": 42_000,
        "active_ms": 30_500,
        "scroll_percent": 80,
    },
    "video_quality_change": {
        "movie_id": "tt0133093",
        "from_quality": "720p",
        "to_quality": "1080p",
        "position_ms": 61_000,
        "automatic": True,
    },
    "video_complete": {"movie_id": "tt0133093", "duration_ms": 8_160_000, "watched_ms": 8_100_000},
    "video_progress": {
        "movie_id": "tt0133093",
        "position_ms": 90_000,
        "duration_ms": 8_160_000,
        "state": "playing",
    },
    "search_filter": {
        "query": "matrix",
        "genres": ["action", "sci-fi"],
        "actors": ["Keanu Reeves"],
        "rating_min": 7.5,
        "rating_max": 10,
        "year_from": 1990,
        "year_to": 2010,
        "results_count": 4,
    },
    "custom": {"name": "promo_code_used", "properties": {"code": "SPRING", "discount": 15}},
}
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    event_type: {"event_type": event_type, **_COMMON, **own} for event_type, own in _OWN.items()
}
