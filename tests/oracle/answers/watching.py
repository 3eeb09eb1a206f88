"""How far people get with a film: who starts, who finishes, and what its trailer is worth. Bots are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.answers.films import WATCHED
from tests.oracle.answers.readers import of_type

if TYPE_CHECKING:
    from tests.oracle.answers.ledger import Ledger, Table

# A person's first heartbeat or completion of a film is their start, and its day the day of the row.
_STARTS = f"""
    SELECT movie_id, identity, min(day) AS day, bool_or(completed) AS finished
    FROM ({WATCHED})
    GROUP BY movie_id, identity
"""


def completion(ledger: Ledger) -> Table:
    """One row per day of the start and film: people who started it then, and of them who finished it on any day."""
    return ledger.ask(
        f"""
        SELECT
            day,
            movie_id,
            count(*) AS active_users,
            count(*) FILTER (finished) AS finished_users,
            count(*) FILTER (finished) / count(*) AS completion_rate
        FROM ({_STARTS})
        GROUP BY day, movie_id
        """,
        divided=["completion_rate"],
    )


def percent_watched(ledger: Ledger) -> Table:
    """One row per day of the start, film and boundary, all ten of them: people who got that far or further.

    How far is the furthest position of the player in any state, on any day, by the length that came with it; a
    completion is 100. A heartbeat without position or length, or of a film of no length, is a start only.
    """
    return ledger.ask(
        f"""
        WITH
            far AS (
                SELECT
                    movie_id,
                    identity,
                    percent,
                    min(day) AS day,
                    bool_or(completed OR (duration_ms > 0 AND position_ms * 100 >= duration_ms * percent)) AS reached
                FROM ({WATCHED})
                CROSS JOIN range(10, 101, 10) AS boundaries (percent)
                GROUP BY movie_id, identity, percent
            )
        SELECT
            day,
            movie_id,
            percent,
            count(*) FILTER (reached) AS active_users,
            count(*) AS started_users,
            count(*) FILTER (reached) / count(*) AS share
        FROM far
        GROUP BY day, movie_id, percent
        """,
        divided=["share"],
    )


def trailer_to_film(ledger: Ledger) -> Table:
    """One row per day and film: people by their first click on its trailer, on any day, and what they did then.

    Started: a heartbeat or completion from that moment on to exactly 7 days later; finished: a completion in that time.
    A click on a trailer that names no film is no film's.
    """
    return ledger.ask(
        f"""
        WITH
            first_clicks AS (
                SELECT element_id AS movie_id, identity, min(occurred_at) AS clicked_at
                FROM {of_type("clicks")}
                WHERE element = 'trailer' AND element_id <> ''
                GROUP BY ALL
            ),
            viewers AS (
                SELECT
                    first_clicks.movie_id AS movie_id,
                    first_clicks.identity AS identity,
                    clicked_at::DATE AS day,
                    count(watched.movie_id) > 0 AS started,
                    coalesce(bool_or(completed), FALSE) AS finished
                FROM first_clicks
                LEFT JOIN ({WATCHED}) AS watched
                    ON watched.movie_id = first_clicks.movie_id
                    AND watched.identity = first_clicks.identity
                    AND watched.occurred_at BETWEEN clicked_at AND clicked_at + INTERVAL 7 DAY
                GROUP BY ALL
            )
        SELECT
            day,
            movie_id,
            count(*) AS active_users,
            count(*) FILTER (started) AS started_users,
            count(*) FILTER (finished) AS finished_users,
            count(*) FILTER (started) / count(*) AS started_share
        FROM viewers
        GROUP BY day, movie_id
        """,
        divided=["started_share"],
    )
