"""Pages: how often they were opened and left, for how long, and what was clicked. Bots are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.answers.readers import of_type

if TYPE_CHECKING:
    from tests.oracle.answers.ledger import Ledger, Table

# Of several leaves of one opening the last says how it ended, in every field; the others were no end. So an opening is
# left once, on the day of its last leave, however often its tab was hidden, and dwell is not added up twice.
_LAST_LEAVES = f"""
    SELECT * FROM {of_type("page_leaves")}
    QUALIFY row_number() OVER (PARTITION BY view_id ORDER BY occurred_at DESC) = 1
"""


def page_visits(ledger: Ledger) -> Table:
    """One row per page view, with its last leave, whoever the browser belonged to by then; NULL without a leave."""
    return ledger.ask(
        f"""
        SELECT
            views.day AS day,
            views.view_id AS view_id,
            views.identity AS identity,
            views.occurred_at AS opened_at,
            leaves.occurred_at AS left_at,
            views.page_type AS page_type,
            views.page_id AS page_id,
            views.title AS title,
            leaves.dwell_ms AS dwell_ms,
            leaves.active_ms AS active_ms,
            leaves.scroll_percent AS scroll_percent
        FROM {of_type("page_views")} AS views
        LEFT JOIN ({_LAST_LEAVES}) AS leaves ON leaves.view_id = views.view_id
        """
    )


def pages_per_day(ledger: Ledger) -> Table:
    """One row per day and page that was opened or left on it.

    Views and people are of the day's openings, leaves and times of the openings whose last leave was on the day.
    """
    return ledger.ask(
        f"""
        WITH
            views AS (
                SELECT day, page_type, page_id, count(*) AS views, count(DISTINCT identity) AS active_users
                FROM {of_type("page_views")} GROUP BY ALL
            ),
            leaves AS (
                SELECT
                    day, page_type, page_id, count(*) AS leaves,
                    sum(coalesce(dwell_ms, 0)) AS dwell_ms,
                    sum(coalesce(active_ms, 0)) AS active_ms
                FROM ({_LAST_LEAVES}) GROUP BY ALL
            )
        SELECT
            day,
            page_type,
            page_id,
            coalesce(views, 0) AS views,
            coalesce(active_users, 0) AS active_users,
            coalesce(leaves, 0) AS leaves,
            coalesce(dwell_ms, 0)::BIGINT AS dwell_ms,
            coalesce(active_ms, 0)::BIGINT AS active_ms
        FROM views
        FULL JOIN leaves USING (day, page_type, page_id)
        """
    )


def page_dwell(ledger: Ledger) -> Table:
    """One row per day and page type: pages that were left, each opening once, by its last leave.

    Quantiles lie between two values where they fall between them; what no client told is NULL.
    """
    return ledger.ask(
        f"""
        SELECT
            day,
            page_type,
            count(*) AS leaves,
            quantile_cont(dwell_ms, 0.5) AS dwell_ms_p50,
            quantile_cont(dwell_ms, 0.9) AS dwell_ms_p90,
            quantile_cont(dwell_ms, 0.99) AS dwell_ms_p99,
            quantile_cont(active_ms, 0.5) AS active_ms_p50,
            avg(scroll_percent) AS scroll_percent_avg
        FROM ({_LAST_LEAVES})
        GROUP BY day, page_type
        """,
        divided=["dwell_ms_p50", "dwell_ms_p90", "dwell_ms_p99", "active_ms_p50", "scroll_percent_avg"],
    )


def click_through(ledger: Ledger) -> Table:
    """One row per day and element that was clicked. Viewers are all people who opened a page on that day."""
    return ledger.ask(
        f"""
        WITH viewers AS (SELECT day, count(DISTINCT identity) AS viewers FROM {of_type("page_views")} GROUP BY day)
        SELECT
            day,
            element,
            count(*) AS clicks,
            count(DISTINCT identity) AS active_users,
            coalesce(any_value(viewers), 0) AS viewers,
            count(DISTINCT identity) / any_value(viewers) AS click_through
        FROM {of_type("clicks")}
        LEFT JOIN viewers USING (day)
        GROUP BY day, element
        """,
        divided=["click_through"],
    )
