-- What:   people who did anything in a week. One row per week that has events, in UTC; week is its Monday.
-- Why:    evens out weekends; a week is no sum of its days, for people come back.
-- Query:  SELECT week, active_users FROM analytics.weekly_active_users ORDER BY week
-- Mind:   a person is an identity: the user_id, else the anonymous_id. Who signs in during the time counts as two. Bots are left out.
--         The count is exact. The current week is not over.

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
