"""The event types: one tagged union, from which the OpenAPI document and the wire format are derived.

Every number has a range, because ClickHouse wraps out-of-range JSON integers silently.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import UUID  # noqa: TC003

from msgspec import Meta, Struct

from api.pipeline.characters import PLAIN
from api.pipeline.identities import PATTERN
from api.pipeline.limits import MAX_BATCH_EVENTS, MAX_PROPERTIES
from api.pipeline.rejections import Reason, RejectionError
from api.pipeline.time_zones import TIME_ZONES
from api.pipeline.times import LEAST_EPOCH_MS

Id = Annotated[
    str,
    # The pattern is only for the document: the rule itself is a step of the ingestion, which costs less.
    Meta(min_length=1, max_length=128, extra_json_schema={"pattern": PLAIN}),
]
Identity = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="Identifies somebody: what programs write for nobody, such as `null` or `guest`, is refused.",
        # Only for the document: the rule itself is a step of the ingestion, which can say more than a pattern.
        extra_json_schema={"pattern": PLAIN, "not": {"pattern": PATTERN}},
    ),
]
Url = Annotated[str, Meta(max_length=2048)]
Milliseconds = Annotated[int, Meta(ge=0, le=86_400_000, description="Milliseconds, up to a day.")]
Pixels = Annotated[
    int,
    Meta(
        ge=-1_000_000,
        le=1_000_000,
        description="CSS pixels from the page's top left corner; below 0 where a page is pulled beyond its edge.",
    ),
]
ScreenPixels = Annotated[int, Meta(ge=1, le=65_535)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Rating = Annotated[float, Meta(ge=0, le=10)]
Year = Annotated[int, Meta(ge=1870, le=2100)]
Timestamp = (
    Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset.")]
    | Annotated[
        int,
        Meta(
            ge=LEAST_EPOCH_MS,
            le=253_402_300_799_999,
            description="Milliseconds since 1970-01-01T00:00:00Z; a smaller number would be of seconds.",
        ),
    ]
)

if TYPE_CHECKING:
    TimeZone = str
else:
    # The decoder looks a zone up for less than it takes to make a text of it; another one is repaired.
    TimeZone = Literal[tuple(sorted(TIME_ZONES))]

QUALITY: Final = r"^(auto|[1-9][0-9]{0,2}p|[1-7][0-9]{3}p|80[0-9]{2}p|81[0-8][0-9]p|819[0-2]p)$"
PageType = Literal["movie", "category", "promotion", "recommendations", "other"]
Quality = Annotated[str, Meta(pattern=QUALITY, description="Lines of the picture, `1p` to `8192p`, or `auto`.")]


class Context(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What the page knows about the browser."""

    locale: Annotated[str, Meta(max_length=35)] | None = None
    timezone: TimeZone | None = None
    screen_width: ScreenPixels | None = None
    screen_height: ScreenPixels | None = None
    app_version: Annotated[str, Meta(max_length=64)] | None = None


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="event_type", gc=False):
    """The fields that all events share. `null` means the same as an absent field.

    `gc=False`: events are trees that live for one request, so the cycle collector need not look at them.
    """

    event_id: UUID | None = None
    user_id: Identity | None = None
    anonymous_id: Identity | None = None
    session_id: Id | None = None
    occurred_at: Timestamp | None = None
    page_url: Url | None = None
    referrer: Url | None = None
    context: Context | None = None

    def contradiction(self) -> RejectionError | None:
        """How fields contradict each other, if they do."""
        return None


class Click(Event, frozen=True, kw_only=True, tag="click"):
    """Somebody clicked on something."""

    element: Literal["movie", "trailer", "category", "navigation", "other"]
    element_id: Id | None = None
    label: Annotated[str, Meta(max_length=256)] | None = None
    x: Pixels | None = None
    y: Pixels | None = None


class PageView(Event, frozen=True, kw_only=True, tag="page_view"):
    """A page was opened; `view_id` joins it to its `page_leave`."""

    view_id: UUID
    page_type: PageType
    page_id: Id | None = None
    title: Annotated[str, Meta(max_length=512)] | None = None


class PageLeave(Event, frozen=True, kw_only=True, tag="page_leave"):
    """A page was left; `active_ms` excludes the time during which its tab was hidden."""

    view_id: UUID
    page_type: PageType
    dwell_ms: Milliseconds
    page_id: Id | None = None
    active_ms: Milliseconds | None = None
    scroll_percent: Percent | None = None


class VideoQualityChange(Event, frozen=True, kw_only=True, tag="video_quality_change"):
    """The player changed quality, by itself (`automatic`) or because somebody chose to."""

    movie_id: Id
    from_quality: Quality
    to_quality: Quality
    position_ms: Milliseconds | None = None
    automatic: bool = False


class VideoComplete(Event, frozen=True, kw_only=True, tag="video_complete"):
    """A film was watched to its end; without `duration_ms` its length is unknown."""

    movie_id: Id
    duration_ms: Milliseconds | None = None
    watched_ms: Milliseconds | None = None


class VideoProgress(Event, frozen=True, kw_only=True, tag="video_progress"):
    """The player's heartbeat; without `duration_ms` the film's length is unknown."""

    movie_id: Id
    position_ms: Milliseconds
    duration_ms: Milliseconds | None = None
    state: Literal["playing", "paused", "buffering"]


class SearchFilter(Event, frozen=True, kw_only=True, tag="search_filter"):
    """A search, with the filters that were set."""

    query: Annotated[str, Meta(max_length=512)] | None = None
    genres: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=64)], ...], Meta(max_length=50)] = ()
    actors: Annotated[tuple[Id, ...], Meta(max_length=50)] = ()
    rating_min: Rating | None = None
    rating_max: Rating | None = None
    year_from: Year | None = None
    year_to: Year | None = None
    results_count: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None

    def contradiction(self) -> RejectionError | None:
        return _ordered("rating_min", self.rating_min, "rating_max", self.rating_max) or _ordered(
            "year_from", self.year_from, "year_to", self.year_to
        )


class Custom(Event, frozen=True, kw_only=True, tag="custom"):
    """Anything else: a name and a small JSON object."""

    name: Id
    properties: Annotated[dict[str, Any], Meta(max_length=MAX_PROPERTIES)] = {}


AnyEvent = Click | PageView | PageLeave | VideoQualityChange | VideoComplete | VideoProgress | SearchFilter | Custom

EVENT_TYPES: Final[tuple[type[Event], ...]] = (
    Click,
    PageView,
    PageLeave,
    VideoQualityChange,
    VideoComplete,
    VideoProgress,
    SearchFilter,
    Custom,
)


class Batch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Several events in one request. With `sent_at`, the sender's clock is corrected."""

    events: Annotated[list[AnyEvent], Meta(min_length=1, max_length=MAX_BATCH_EVENTS)]
    sent_at: Timestamp | None = None


def _ordered(low_name: str, low: float | None, high_name: str, high: float | None) -> RejectionError | None:
    if low is None or high is None or low <= high:
        return None
    detail = f"expected at most {high_name}, which is {high}, got {low}"
    return RejectionError(Reason.CONTRADICTION, f"$.{low_name}", detail)
