"""The readers: every event once, in the words of its type. Bots and what is of tomorrow are in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.oracle.answers.ledger import Ledger, Table

_WHO: Final = "event_id, occurred_at, identity, user_id, anonymous_id, session_id"
_CONTEXT: Final = """
    page_url, referrer, user_agent, ip, locale, timezone, screen_width, screen_height, app_version, is_bot, received_at
"""

# Column of the reader, and where it is in the payload. Texts are empty and numbers NULL when not given.
_OWN: Final[dict[str, tuple[str, str]]] = {
    "clicks": (
        "click",
        """
        payload->>'element' AS element,
        coalesce(payload->>'element_id', '') AS element_id,
        coalesce(payload->>'label', '') AS label,
        (payload->>'x')::BIGINT AS x,
        (payload->>'y')::BIGINT AS y
        """,
    ),
    "page_views": (
        "page_view",
        """
        (payload->>'view_id') AS view_id,
        payload->>'page_type' AS page_type,
        coalesce(payload->>'page_id', '') AS page_id,
        coalesce(payload->>'title', '') AS title
        """,
    ),
    "page_leaves": (
        "page_leave",
        """
        (payload->>'view_id') AS view_id,
        payload->>'page_type' AS page_type,
        coalesce(payload->>'page_id', '') AS page_id,
        (payload->>'dwell_ms')::BIGINT AS dwell_ms,
        (payload->>'active_ms')::BIGINT AS active_ms,
        (payload->>'scroll_percent')::INT AS scroll_percent
        """,
    ),
    "video_quality_changes": (
        "video_quality_change",
        """
        payload->>'movie_id' AS movie_id,
        payload->>'from_quality' AS from_quality,
        payload->>'to_quality' AS to_quality,
        (payload->>'position_ms')::BIGINT AS position_ms,
        coalesce((payload->>'automatic')::BOOL, FALSE) AS automatic
        """,
    ),
    "video_completions": (
        "video_complete",
        """
        payload->>'movie_id' AS movie_id,
        (payload->>'duration_ms')::BIGINT AS duration_ms,
        (payload->>'watched_ms')::BIGINT AS watched_ms
        """,
    ),
    "video_progress": (
        "video_progress",
        """
        payload->>'movie_id' AS movie_id,
        (payload->>'position_ms')::BIGINT AS position_ms,
        (payload->>'duration_ms')::BIGINT AS duration_ms,
        payload->>'state' AS state
        """,
    ),
    "search_filters": (
        "search_filter",
        """
        coalesce(payload->>'query', '') AS query,
        coalesce((payload->'genres')::VARCHAR[], []) AS genres,
        coalesce((payload->'actors')::VARCHAR[], []) AS actors,
        (payload->>'rating_min')::DOUBLE AS rating_min,
        (payload->>'rating_max')::DOUBLE AS rating_max,
        (payload->>'year_from')::INT AS year_from,
        (payload->>'year_to')::INT AS year_to,
        (payload->>'results_count')::BIGINT AS results_count
        """,
    ),
    "custom_events": (
        "custom",
        """
        payload->>'name' AS name,
        coalesce(payload->'properties', '{}') AS properties
        """,
    ),
}
TYPED: Final = tuple(_OWN)


def of_type(table: str, source: str = "counted") -> str:
    """A subquery of the events of a typed table, with `day` and its own columns."""
    event_type, own = _OWN[table]
    return f"(SELECT day, {_WHO}, {own}, {_CONTEXT} FROM {source} WHERE event_type = '{event_type}')"


def typed(ledger: Ledger, table: str) -> Table:
    """Each event of the type once, as the copy that was received first told it. One row per event."""
    return ledger.ask(f"SELECT * EXCLUDE (day) FROM {of_type(table, 'events')}", json=["properties"])


def events(ledger: Ledger) -> Table:
    """Events of every type, each once. One row per event; when ClickHouse wrote it is not known here."""
    return ledger.ask("SELECT * EXCLUDE (key_time, day) FROM events", json=["payload"])


def user_journey(ledger: Ledger, user_id: str) -> Table:
    """Everything that one identity did, in order of time, robots included. One row per event.

    Seconds are since the event before, NULL for the first. Raises ValueError when two events are of one millisecond,
    for the words do not say which of them is the one before.
    """
    journey = ledger.ask(
        """
        SELECT
            occurred_at,
            (epoch_ms(occurred_at) - lag(epoch_ms(occurred_at)) OVER (ORDER BY occurred_at)) / 1000
                AS seconds_since_previous,
            event_type,
            page_url,
            session_id,
            payload,
            is_bot,
            event_id
        FROM events
        WHERE identity = $user_id
        """,
        divided=["seconds_since_previous"],
        json=["payload"],
        user_id=user_id,
    )
    if len({row[0] for row in journey.rows}) < len(journey.rows):
        raise ValueError(f"two events of {user_id} are of one moment: ask about somebody else")
    return journey
