-- What:   people who did anything in a month. One row per calendar month that has events; month is its first day.
-- Why:    the size of the audience.
-- Query:  SELECT month, active_users FROM analytics.monthly_active_users ORDER BY month
-- Mind:   people come back, so a month is not the sum of its days. The count is exact. The current month is not over.
--         Bots are left out.

CREATE OR REPLACE VIEW analytics.monthly_active_users
(
    month Date COMMENT 'First day of the month, in UTC',
    active_users UInt64 COMMENT 'People who did anything',
    events UInt64 COMMENT 'What they did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toStartOfMonth(day) AS month,
    uniqExact(identity_hash) AS active_users,
    sum(events) AS events
FROM analytics.activity_per_day
GROUP BY month;
