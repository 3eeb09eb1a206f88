"""Events as a client writes them: the contract's fields, encoded to JSON.

They are a client's own types on purpose. The API's types decode and check; using them here would let one mistake hide
the other.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

PageType = Literal["movie", "category", "promotion", "recommendations", "other"]


class Context(msgspec.Struct, omit_defaults=True):
    """What a browser knows about itself."""

    locale: str
    timezone: str
    screen_width: int
    screen_height: int
    app_version: str


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="event_type"):
    """Fields of every event. `occurred_at`: epoch ms or RFC 3339; while a visit is made, ms since its start."""

    event_id: str = ""
    occurred_at: int | str
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    page_url: str | None = None
    referrer: str | None = None
    context: Context | None = None


class Click(Event, tag="click"):
    element: Literal["movie", "trailer", "category", "navigation", "other"]
    element_id: str | None = None
    label: str | None = None
    x: int | None = None
    y: int | None = None


class PageView(Event, tag="page_view"):
    view_id: str
    page_type: PageType
    page_id: str | None = None
    title: str | None = None


class PageLeave(Event, tag="page_leave"):
    view_id: str
    page_type: PageType
    dwell_ms: int
    page_id: str | None = None
    active_ms: int | None = None
    scroll_percent: int | None = None


class VideoQualityChange(Event, tag="video_quality_change"):
    movie_id: str
    from_quality: str
    to_quality: str
    position_ms: int | None = None
    automatic: bool = False


class VideoComplete(Event, tag="video_complete"):
    movie_id: str
    duration_ms: int
    watched_ms: int | None = None


class VideoProgress(Event, tag="video_progress"):
    movie_id: str
    position_ms: int
    duration_ms: int
    state: Literal["playing", "paused", "buffering"]


class SearchFilter(Event, tag="search_filter"):
    query: str | None = None
    genres: list[str] | None = None
    actors: list[str] | None = None
    rating_min: float | None = None
    rating_max: float | None = None
    year_from: int | None = None
    year_to: int | None = None
    results_count: int | None = None


class Custom(Event, tag="custom"):
    name: str
    properties: dict[str, Any]


EVENT_TYPES: Final = (
    "click",
    "page_view",
    "page_leave",
    "video_quality_change",
    "video_complete",
    "video_progress",
    "search_filter",
    "custom",
)

encode: Final = msgspec.json.Encoder().encode
