"""Films by day: how they were watched, which of them most, how often the player waits. Bots are left out.

Who has a heartbeat or a completion of a film has watched it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.answers.readers import of_type

if TYPE_CHECKING:
    from tests.oracle.answers.ledger import Ledger, Table

WATCHED = f"""
    SELECT day, movie_id, identity, occurred_at, state, position_ms, duration_ms, FALSE AS completed, NULL AS watched_ms
    FROM {of_type("video_progress")}
    UNION ALL
    SELECT day, movie_id, identity, occurred_at, '', NULL, NULL, TRUE, watched_ms
    FROM {of_type("video_completions")}
"""

_PER_DAY = f"""
    WITH
        views AS (
            SELECT day, page_id AS movie_id, count(*) AS page_views
            FROM {of_type("page_views")}
            WHERE page_type = 'movie' AND page_id <> ''
            GROUP BY ALL
        ),
        watched AS (
            SELECT
                day,
                movie_id,
                count(DISTINCT identity) AS active_users,
                count(*) FILTER (completed) AS completions,
                coalesce(sum(watched_ms), 0)::BIGINT AS completed_watched_ms,
                count(*) FILTER (NOT completed) AS heartbeats,
                count(*) FILTER (state = 'buffering') AS buffering_heartbeats,
                count(DISTINCT identity) FILTER (state = 'buffering') AS buffering_users,
                count(*) FILTER (state IN ('playing', 'buffering')) AS running_heartbeats
            FROM ({WATCHED})
            GROUP BY day, movie_id
        )
    SELECT
        day,
        movie_id,
        coalesce(page_views, 0) AS page_views,
        coalesce(active_users, 0) AS active_users,
        coalesce(completions, 0) AS completions,
        coalesce(completed_watched_ms, 0) AS completed_watched_ms,
        coalesce(heartbeats, 0) AS heartbeats,
        coalesce(buffering_heartbeats, 0) AS buffering_heartbeats,
        coalesce(buffering_users, 0) AS buffering_users,
        coalesce(running_heartbeats, 0) AS running_heartbeats
    FROM views
    FULL JOIN watched USING (day, movie_id)
"""


def films_per_day(ledger: Ledger) -> Table:
    """One row per day and film whose page was opened or that was watched. A page that names no film is no film's."""
    return ledger.ask(f"SELECT * EXCLUDE (running_heartbeats) FROM ({_PER_DAY})")


def top_films(ledger: Ledger) -> Table:
    """One row per day and film, with its place: by people who watched, then completions, then page views.

    Films with the same figures share a place, and the next place is left free for it (1, 1, 3). Films whose page was
    opened and that nobody watched are in it, behind the others.
    """
    return ledger.ask(
        f"""
        SELECT
            day,
            rank() OVER (PARTITION BY day ORDER BY active_users DESC, completions DESC, page_views DESC) AS place,
            movie_id,
            active_users,
            completions,
            page_views
        FROM ({_PER_DAY})
        """
    )


def buffering(ledger: Ledger) -> Table:
    """One row per day and film that was watched, also by a completion alone.

    A player that is paused waits for its viewer: heartbeats are those while it played or waited for data. The share is
    NULL where there is none of them.
    """
    return ledger.ask(
        f"""
        SELECT
            day,
            movie_id,
            running_heartbeats AS heartbeats,
            buffering_heartbeats,
            buffering_heartbeats / nullif(running_heartbeats, 0) AS buffering_share,
            active_users,
            buffering_users
        FROM ({_PER_DAY})
        WHERE active_users > 0
        """,
        divided=["buffering_share"],
    )


def quality_changes(ledger: Ledger) -> Table:
    """One row per day, film, quality before, quality after, and whether the player did it.

    Up and down are by the number of lines. A change from or to `auto` has no direction that is known: `unknown`.
    """
    return ledger.ask(
        f"""
        SELECT
            day,
            movie_id,
            from_quality,
            to_quality,
            automatic,
            CASE
                WHEN from_quality = to_quality THEN 'same'
                WHEN 'auto' IN (from_quality, to_quality) THEN 'unknown'
                WHEN rtrim(from_quality, 'p')::INT < rtrim(to_quality, 'p')::INT THEN 'up'
                ELSE 'down'
            END AS direction,
            count(*) AS changes,
            count(DISTINCT identity) AS active_users
        FROM {of_type("video_quality_changes")}
        GROUP BY ALL
        """
    )
