"""Who was active: days, weeks, months, first days, and who comes back.

A person is an identity: the user_id, else the anonymous_id. Bots and days that have not begun are left out.
"""

from __future__ import annotations

from typing import Any

from clickhouse_cityhash.cityhash import CityHash64  # type: ignore[import-untyped]

from tests.oracle.answers.ledger import Ledger, Table

WINDOW_DAYS = 30


def activity_per_day(ledger: Ledger) -> Table:
    """One row per day and person: their events, and 1 when they were signed in at any of them."""
    found = ledger.ask(
        """
        SELECT day, identity AS identity_hash, count(*) AS events, max((user_id <> '')::INT) AS signed_in
        FROM counted
        GROUP BY ALL
        """
    )
    rows: list[tuple[Any, ...]] = [(day, CityHash64(who.encode()), *rest) for day, who, *rest in found.rows]
    return Table(found.columns, rows)


def daily_active_users(ledger: Ledger) -> Table:
    """One row per day that has events: people who did anything, of them those signed in, and what they did."""
    return ledger.ask(
        """
        SELECT
            day,
            count(DISTINCT identity) AS active_users,
            count(DISTINCT identity) FILTER (user_id <> '') AS signed_in_users,
            count(*) AS events
        FROM counted
        GROUP BY day
        """
    )


def weekly_active_users(ledger: Ledger) -> Table:
    """One row per week that has events; week is its Monday."""
    return _by_period(ledger, "week")


def monthly_active_users(ledger: Ledger) -> Table:
    """One row per calendar month that has events; month is its first day."""
    return _by_period(ledger, "month")


def _by_period(ledger: Ledger, period: str) -> Table:
    return ledger.ask(
        f"""
        SELECT
            date_trunc('{period}', day)::DATE AS {period},
            count(DISTINCT identity) AS active_users,
            count(*) AS events
        FROM counted
        GROUP BY 1
        """
    )


def new_and_returning_users(ledger: Ledger) -> Table:
    """One row per day that has events: those of whom it is the first day, and those who were seen on a day before."""
    return ledger.ask(
        """
        WITH firsts AS (SELECT identity, min(day) AS first_day FROM counted GROUP BY identity)
        SELECT
            day,
            count(DISTINCT identity) AS active_users,
            count(DISTINCT identity) FILTER (day = first_day) AS new_users,
            count(DISTINCT identity) FILTER (day > first_day) AS returning_users
        FROM counted
        JOIN firsts USING (identity)
        GROUP BY day
        """
    )


def stickiness(ledger: Ledger) -> Table:
    """One row per day that has events. Each day looks back 7 and 30 days, itself included.

    `has_30_days` is whether all of those 30 days are known; before that the window is shorter.
    """
    return ledger.ask(
        """
        WITH days AS (SELECT DISTINCT day, min(day) OVER () AS first_day FROM counted)
        SELECT
            days.day AS day,
            count(DISTINCT identity) FILTER (counted.day = days.day) AS active_users,
            count(DISTINCT identity) FILTER (counted.day > days.day - 7) AS active_users_7d,
            count(DISTINCT identity) AS active_users_30d,
            active_users / active_users_30d AS stickiness,
            days.day - first_day >= $window - 1 AS has_30_days
        FROM days
        JOIN counted ON counted.day BETWEEN days.day - ($window - 1) AND days.day
        GROUP BY days.day, first_day
        """,
        divided=["stickiness"],
        window=WINDOW_DAYS,
    )


def retention(ledger: Ledger, since: str, until: str) -> Table:
    """One row per cohort, the day on which its people were seen first, and each day since then up to today.

    A day on which nobody of them came is a 0 and not a gap, so that an average over cohorts is right. Today is not
    over.
    """
    return _came_back(ledger, since, until, "day", 1)


def weekly_retention(ledger: Ledger, since: str, until: str) -> Table:
    """One row per cohort, the week in which its people were seen first, and each week since then up to this one.

    `since` and `until` bound the first days of people. A week without anybody is a 0; the current one is not over.
    """
    return _came_back(ledger, since, until, "week", 7)


def _came_back(ledger: Ledger, since: str, until: str, period: str, days: int) -> Table:
    """Both kinds of retention: a period is named by the day with which it begins."""
    return ledger.ask(
        f"""
        WITH
            visits AS (SELECT DISTINCT identity, date_trunc('{period}', day)::DATE AS came FROM counted),
            firsts AS (
                SELECT identity, date_trunc('{period}', min(day))::DATE AS cohort
                FROM counted
                GROUP BY identity
                HAVING min(day) BETWEEN $since::DATE AND $until::DATE
            ),
            cohorts AS (SELECT cohort, count(*) AS cohort_users FROM firsts GROUP BY cohort),
            numbers AS (
                SELECT cohort, cohort_users, unnest(range(0, ($today::DATE - cohort) // $days + 1))::INT AS number
                FROM cohorts
            )
        SELECT
            numbers.cohort AS cohort,
            number AS {period}_number,
            any_value(cohort_users) AS cohort_users,
            count(visits.identity) AS active_users,
            count(visits.identity) / any_value(cohort_users) AS share,
            numbers.cohort + (number + 1) * $days::INT <= $today::DATE AS is_over
        FROM numbers
        JOIN firsts USING (cohort)
        LEFT JOIN visits ON visits.identity = firsts.identity AND visits.came = numbers.cohort + number * $days::INT
        GROUP BY numbers.cohort, number
        """,
        divided=["share"],
        since=since,
        until=until,
        today=str(ledger.today),
        days=days,
    )
