-- What:   people who did anything in a month. One row per calendar month that has events, in UTC; month is its first day.
-- Why:    the size of the audience; a month is no sum of its days, for people come back.
-- Query:  SELECT month, active_users FROM analytics.monthly_active_users ORDER BY month
-- Mind:   a person is an identity: the user_id, else the anonymous_id. Who signs in during the time counts as two. Bots are left out.
--         The count is exact. The current month is not over.

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
