-- What:   who comes back after the first day. One row per day on which people came first (cohort) and number of days after it.
-- Why:    whether what brought people keeps them.
-- Query:  SELECT * FROM analytics.retention(since = today() - 30, until = today()) ORDER BY cohort, day_number
-- Example: SELECT * FROM analytics.retention(since = '2026-03-02', until = '2026-03-04') ORDER BY cohort, day_number
-- Mind:   a person is an identity: the user_id, else the anonymous_id. Who signs in during the time counts as two. Bots are left out.
--         The count is exact. since and until bound the cohorts, both included. Numbers of days on
--         which nobody of the cohort came have no row. The first day is the first that the rollup of activity knows.

CREATE OR REPLACE VIEW analytics.retention
(
    cohort Date COMMENT 'Day in UTC on which its people were seen first',
    day_number UInt16 COMMENT 'Days after it; 0 is the day itself',
    cohort_users UInt64 COMMENT 'People of the cohort',
    active_users UInt64 COMMENT 'Of them, those who came on that day',
    share Float64 COMMENT 'active_users / cohort_users'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    people AS
    (
        SELECT groupArray(day) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
        HAVING min(day) BETWEEN {since:Date} AND {until:Date}
    ),
    visits AS
    (
        SELECT
            arrayMin(days) AS cohort,
            toUInt16(arrayJoin(days) - cohort) AS day_number
        FROM people
    ),
    counts AS
    (
        SELECT
            cohort,
            day_number,
            count() AS active_users
        FROM visits
        GROUP BY
            cohort,
            day_number
    )
SELECT
    cohort,
    day_number,
    max(active_users) OVER (PARTITION BY cohort) AS cohort_users,
    active_users,
    active_users / cohort_users AS share
FROM counts;
