"""Searches: texts, filters, and what was not found. Bots are left out.

Texts are in lower case, without spaces around them, and so are genres and actors: "Drama" is "drama ".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.answers.readers import of_type

if TYPE_CHECKING:
    from tests.oracle.answers.ledger import Ledger, Table

_PER_DAY = f"""
    SELECT
        day,
        lower(trim(query)) AS query,
        count(*) AS searches,
        count(DISTINCT identity) AS active_users,
        count(*) FILTER (results_count = 0) AS without_results,
        count(*) FILTER (results_count IS NOT NULL) AS with_known_results
    FROM {of_type("search_filters")}
    GROUP BY day, lower(trim(query))
"""


def searches_per_day(ledger: Ledger) -> Table:
    """One row per day and text; the text is empty when only filters were set."""
    return ledger.ask(_PER_DAY)


def searches_without_results(ledger: Ledger) -> Table:
    """One row per day and text that found nothing at least once.

    The share is of those searches of which the client told how many films were found; the others may have found some.
    """
    return ledger.ask(
        f"""
        SELECT
            day,
            query,
            searches,
            without_results,
            active_users,
            without_results / with_known_results AS without_results_share
        FROM ({_PER_DAY})
        WHERE without_results > 0
        """,
        divided=["without_results_share"],
    )


def search_filters_used(ledger: Ledger) -> Table:
    """One row per day, kind of filter and its value: genre, actor, rating, years.

    A search with two genres is in two rows, and one that names a genre twice is in its row once. Ranges are text, open
    where there is no bound: 7-, -1999, 1990-1999.
    """
    return ledger.ask(
        f"""
        WITH
            searches AS (FROM {of_type("search_filters")}),
            used AS (
                SELECT day, event_id, identity, 'genre' AS filter, lower(trim(unnest(genres))) AS value FROM searches
                UNION ALL
                SELECT day, event_id, identity, 'actor', lower(trim(unnest(actors))) FROM searches
                UNION ALL
                SELECT day, event_id, identity, 'rating',
                    coalesce(printf('%g', rating_min), '') || '-' || coalesce(printf('%g', rating_max), '')
                FROM searches WHERE rating_min IS NOT NULL OR rating_max IS NOT NULL
                UNION ALL
                SELECT day, event_id, identity, 'years',
                    coalesce(year_from::VARCHAR, '') || '-' || coalesce(year_to::VARCHAR, '')
                FROM searches WHERE year_from IS NOT NULL OR year_to IS NOT NULL
            )
        SELECT
            day,
            filter,
            value,
            count(DISTINCT (event_id, identity)) AS searches,
            count(DISTINCT identity) AS active_users
        FROM used
        GROUP BY day, filter, value
        """
    )
