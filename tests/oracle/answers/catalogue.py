"""Every question that is compared: a view, what its parameters are, and where its answer comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tests.oracle.answers import activity, films, funnel, pages, readers, searches, sessions, watching
from tests.oracle.lives.times import as_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.oracle.answers.ledger import Ledger, Table
    from tests.oracle.lives.times import Calendar

ABOUT_THE_SERVER: Final = frozenset({"consumer_lag", "late_days", "pipeline_freshness", "table_sizes"})
"""Views of what a server does at the moment, which nothing that was posted can tell."""
OF_STORED_ROWS: Final = frozenset({"duplicates", "ingestion_errors"})
"""Views of what is stored besides events: `operations` answers them from the stored rows."""


@dataclass(frozen=True)
class Question:
    """A view with parameters, if it has any; `ignored` are columns that only ClickHouse can know."""

    name: str
    view: str
    answer: Callable[[Ledger], Table]
    parameters: dict[str, Any] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """What stands behind FROM."""
        if not self.parameters:
            return f"analytics.{self.view}"
        return (
            f"analytics.{self.view}({', '.join(f'{name} = {_sql(value)}' for name, value in self.parameters.items())})"
        )


_SIMPLE: Final = (
    activity.activity_per_day,
    activity.daily_active_users,
    activity.weekly_active_users,
    activity.monthly_active_users,
    activity.new_and_returning_users,
    activity.stickiness,
    films.films_per_day,
    films.top_films,
    films.buffering,
    films.quality_changes,
    watching.completion,
    watching.percent_watched,
    watching.trailer_to_film,
    pages.page_visits,
    pages.pages_per_day,
    pages.page_dwell,
    pages.click_through,
    searches.searches_per_day,
    searches.searches_without_results,
    searches.search_filters_used,
    sessions.sessions,
)
_WAY: Final = ["page_view:movie", "click:trailer", "video_progress", "video_complete"]
_FUNNELS: Final[dict[str, tuple[list[str], int]]] = {
    "way_to_the_end": (_WAY, 3_600),
    "within_a_day": (_WAY, 86_400),
    "one_step": (["video_progress:paused"], 60),
    "same_step_twice": (["click", "click"], 600),
    "general_then_special": (["click", "click:trailer", "click"], 600),
    "at_once": (["page_view", "click"], 0),
    "nobody": (["custom:nobody", "click"], 600),
    "named": (["custom:ab:variant", "custom"], 86_400),
    "eight_steps": (["page_view", "click", "page_leave", "search_filter", *_WAY], 7_200),
}
_WITH_FILMS: Final = frozenset({"way_to_the_end", "general_then_special", "named"})
_FILMS: Final = ("tt001", "tt-steps", "")
_JOURNEYS: Final = ("u1", "a10", "u-silence-1-3", "a-robot", "u-name", """u-o'brien \\n "%" ü""", "nobody-at-all")
"""People of whom no two events are of one millisecond: which of those is the event before, nobody can say."""


def questions(calendar: Calendar) -> Iterator[Question]:
    """All of them, over the days of the lives."""
    yield Question("events", "events", readers.events, ignored=("inserted_at",))
    for table in readers.TYPED:
        yield Question(table, table, partial(readers.typed, table=table))
    for simple in _SIMPLE:
        yield Question(simple.__name__, simple.__name__, simple)
    spans = {"all": (calendar.days + 3, 0), "some": (20, 6), "one_day": (16, 16), "to_come": (3, -5)}
    dates = {name: [_date(calendar, ago) for ago in span] for name, span in spans.items()}
    for name, (since, until) in dates.items():
        asked = {"since": since, "until": until}
        for view, answer in (("retention", activity.retention), ("weekly_retention", activity.weekly_retention)):
            yield Question(f"{view}-{name}", view, partial(answer, since=since, until=until), asked)
    for name, (steps, window) in _FUNNELS.items():
        since, until = dates["some" if name == "at_once" else "all"]
        walked = partial(funnel.funnel, steps=steps, window_seconds=window, since=since, until=until)
        told = {"steps": steps, "window_seconds": window, "since": since, "until": until}
        yield Question(f"funnel-{name}", "funnel", walked, told)
        for film in _FILMS if name in _WITH_FILMS else ():
            of_film = partial(walked, movie_id=film)
            yield Question(f"funnel_of_film-{name}-{film}", "funnel_of_film", of_film, {**told, "movie_id": film})
    for who in _JOURNEYS:
        journey = partial(readers.user_journey, user_id=who)
        yield Question(f"user_journey-{who}", "user_journey", journey, {"user_id": who})


def _date(calendar: Calendar, days_ago: int) -> str:
    return as_datetime(calendar.day(days_ago)).date().isoformat()


def _sql(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_sql, value))}]"
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
