-- What:   who comes back in the weeks after the first. One row per week in which people came first (cohort) and number
--         of weeks after it.
-- Why:    evens out weekends, and is what most people mean by retention.
-- Query:  SELECT * FROM analytics.weekly_retention(since = today() - 90, until = today()) WHERE is_over ORDER BY cohort, week_number
-- Example: SELECT * FROM analytics.weekly_retention(since = '2026-03-02', until = '2026-03-04') WHERE week_number = 0 ORDER BY cohort
-- Mind:   since and until bound the first days of people, both included: take a Monday and a Sunday for whole cohorts.
--         A cohort has a row for every week from its first to the current one, also for those in which nobody of it
--         came. The current week is not over: is_over says so. The count is exact. Bots are left out.

CREATE OR REPLACE VIEW analytics.weekly_retention
(
    cohort Date COMMENT 'Monday of the week, in UTC, in which its people were seen first',
    week_number UInt16 COMMENT 'Weeks after it; 0 is the week itself',
    cohort_users UInt64 COMMENT 'People of the cohort',
    active_users UInt64 COMMENT 'Of them, those who came in that week',
    share Float64 COMMENT 'active_users / cohort_users',
    is_over Bool COMMENT 'Whether the week is over; the figures of a week that is not can still rise'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- a subquery is evaluated also when nobody was ever there
    (
        SELECT throwIf(
            toString(toDateOrZero({since:String})) != {since:String}
            OR toString(toDateOrZero({until:String})) != {until:String},
            'since, until: expected days such as 2026-11-30'
        )
    ) AS wrong_days,
    toMonday(toDate(now('UTC'))) AS this_week,
    people AS
    (
        SELECT groupUniqArray(toMonday(day)) AS weeks
        FROM analytics.activity_per_day
        GROUP BY identity_hash
        HAVING min(day) BETWEEN toDateOrZero({since:String}) AND toDateOrZero({until:String})
    ),
    cohorts AS
    (
        SELECT
            arrayMin(weeks) AS cohort,
            count() AS cohort_users,
            sumMap(arrayMap(week -> toUInt16(intDiv(week - cohort, 7)), weeks), arrayMap(week -> toUInt64(1), weeks)) AS came
        FROM people
        WHERE NOT wrong_days
        GROUP BY cohort
    )
SELECT
    cohort,
    toUInt16(number) AS week_number,
    cohort_users,
    came.2[indexOf(came.1, week_number)] AS active_users,
    active_users / cohort_users AS share,
    CAST(cohort + 7 * week_number < this_week AS Bool) AS is_over
FROM cohorts
ARRAY JOIN range(toUInt64(intDiv(greatest(this_week - cohort, 0), 7)) + 1) AS number;
