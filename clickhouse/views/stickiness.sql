-- What:   how regularly the audience comes. One row per day that has events.
-- Why:    of those who came within 30 days, the share that comes on a day: the habit, apart from the size.
-- Query:  SELECT day, active_users, active_users_30d, stickiness FROM analytics.stickiness WHERE day >= today() - 30 AND has_30_days ORDER BY day
-- Example: SELECT day, active_users, active_users_30d, stickiness, has_30_days FROM analytics.stickiness ORDER BY day
-- Mind:   each day looks back 7 and 30 days, itself included; has_30_days says whether there are that many. The count
--         is exact. Bots are left out.

CREATE OR REPLACE VIEW analytics.stickiness
(
    day Date COMMENT 'Day in UTC',
    active_users UInt64 COMMENT 'People who did anything on the day',
    active_users_7d UInt64 COMMENT 'People on this day and the 6 before',
    active_users_30d UInt64 COMMENT 'People on this day and the 29 before',
    stickiness Float64 COMMENT 'active_users / active_users_30d',
    has_30_days Bool COMMENT 'Whether the rollup knows all of the 30 days; before that the window is shorter, and stickiness too high'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    people AS
    (
        SELECT arraySort(groupArray(day)) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
    ),
    -- A person counts from each active day on for 7 (30) days, or until the next active day if that comes first. Adding up
    -- where such times begin and end gives every day's count in one pass.
    changes AS
    (
        SELECT arrayJoin(
            arrayConcat(
                arrayMap(d -> (d, 1, 1, 1), days),
                arrayMap((d, next) -> (least(d + 7, next), 0, -1, 0), days, arrayPushBack(arrayPopFront(days), toDate('2149-06-06'))),
                arrayMap((d, next) -> (least(d + 30, next), 0, 0, -1), days, arrayPushBack(arrayPopFront(days), toDate('2149-06-06')))
            )
        ) AS change
        FROM people
    ),
    days AS
    (
        SELECT
            change.1 AS day,
            sum(change.2) AS active_users,
            sum(change.3) AS change_7d,
            sum(change.4) AS change_30d
        FROM changes
        GROUP BY day
    ),
    totals AS
    (
        SELECT
            day,
            active_users,
            sum(change_7d) OVER (ORDER BY day) AS active_users_7d,
            sum(change_30d) OVER (ORDER BY day) AS active_users_30d
        FROM days
    )
SELECT
    day,
    toUInt64(active_users) AS active_users,
    toUInt64(active_users_7d) AS active_users_7d,
    toUInt64(active_users_30d) AS active_users_30d,
    active_users / active_users_30d AS stickiness,
    CAST(day >= (SELECT min(day) FROM analytics.activity_per_day) + 29 AS Bool) AS has_30_days
FROM totals
WHERE active_users > 0;
