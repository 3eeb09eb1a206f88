-- What:   who came for the first time, and who came again. One row per day that has events.
-- Why:    growth comes from new people, a habit from those who return.
-- Query:  SELECT day, new_users, returning_users FROM analytics.new_and_returning_users WHERE day >= today() - 30 ORDER BY day
-- Mind:   new is who was never seen on a day before, as far back as the rollup of activity reaches; somebody who signs
--         in for the first time is a new person. The count is exact. Bots are left out.

CREATE OR REPLACE VIEW analytics.new_and_returning_users
(
    day Date COMMENT 'Day in UTC',
    active_users UInt64 COMMENT 'People who did anything',
    new_users UInt64 COMMENT 'Of them, those of whom it is the first day',
    returning_users UInt64 COMMENT 'Of them, those seen on a day before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    people AS
    (
        SELECT arraySort(groupArray(day)) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
    ),
    visits AS
    (
        SELECT arrayJoin(arrayMap((d, number) -> (d, number = 1), days, arrayEnumerate(days))) AS visit
        FROM people
    )
SELECT
    visit.1 AS day,
    count() AS active_users,
    countIf(visit.2 = 1) AS new_users,
    countIf(visit.2 = 0) AS returning_users
FROM visits
GROUP BY day;
