-- What:   who comes back after the first day. One row per day on which people came first (cohort) and number of days
--         after it.
-- Why:    whether people stay.
-- Query:  SELECT * FROM analytics.retention(since = today() - 30, until = today()) WHERE is_over ORDER BY cohort, day_number
-- Example: SELECT * FROM analytics.retention(since = '2026-03-02', until = '2026-03-04') WHERE day_number <= 2 ORDER BY cohort, day_number
-- Mind:   since and until bound the cohorts, both included. A cohort has a row for every day from its first to today,
--         also for those on which nobody of it came, so that averages over cohorts are right. Today is not over:
--         is_over says so. New is who was never seen before, as far back as the rollup of activity reaches. The count
--         is exact. Bots are left out.

CREATE OR REPLACE VIEW analytics.retention
(
    cohort Date COMMENT 'Day in UTC on which its people were seen first',
    day_number UInt16 COMMENT 'Days after it; 0 is the day itself',
    cohort_users UInt64 COMMENT 'People of the cohort',
    active_users UInt64 COMMENT 'Of them, those who came on that day',
    share Float64 COMMENT 'active_users / cohort_users',
    is_over Bool COMMENT 'Whether the day is over; the figures of a day that is not can still rise'
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
    toDate(now('UTC')) AS this_day,
    people AS
    (
        SELECT groupArray(day) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
        HAVING min(day) BETWEEN toDateOrZero({since:String}) AND toDateOrZero({until:String})
    ),
    cohorts AS
    (
        SELECT
            arrayMin(days) AS cohort,
            count() AS cohort_users,
            sumMap(arrayMap(day -> toUInt16(day - cohort), days), arrayMap(day -> toUInt64(1), days)) AS came
        FROM people
        WHERE NOT wrong_days
        GROUP BY cohort
    )
SELECT
    cohort,
    toUInt16(number) AS day_number,
    cohort_users,
    came.2[indexOf(came.1, day_number)] AS active_users,
    active_users / cohort_users AS share,
    CAST(cohort + day_number < this_day AS Bool) AS is_over
FROM cohorts
ARRAY JOIN range(toUInt64(greatest(this_day - cohort, 0)) + 1) AS number;
