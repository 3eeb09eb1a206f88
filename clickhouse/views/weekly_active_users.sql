-- What:   people who did anything in a week. One row per week that has events; week is its Monday.
-- Why:    evens out weekends.
-- Query:  SELECT week, active_users FROM analytics.weekly_active_users ORDER BY week
-- Mind:   people come back, so a week is not the sum of its days. The count is exact. The current week is not over.
--         Bots are left out.

CREATE OR REPLACE VIEW analytics.weekly_active_users
(
    week Date COMMENT 'Monday of the week, in UTC',
    active_users UInt64 COMMENT 'People who did anything',
    events UInt64 COMMENT 'What they did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toMonday(day) AS week,
    uniqExact(identity_hash) AS active_users,
    sum(events) AS events
FROM analytics.activity_per_day
GROUP BY week;
