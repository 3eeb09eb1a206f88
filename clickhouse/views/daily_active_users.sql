-- What:   people who did anything on a day. One row per day that has events.
-- Why:    the first number that anyone asks for.
-- Query:  SELECT day, active_users FROM analytics.daily_active_users WHERE day >= today() - 30 ORDER BY day
-- Mind:   the count is exact, also for days whose events have been deleted. Bots are left out.

CREATE OR REPLACE VIEW analytics.daily_active_users
(
    day Date COMMENT 'Day in UTC',
    active_users UInt64 COMMENT 'People who did anything',
    signed_in_users UInt64 COMMENT 'Of them, those who were signed in',
    events UInt64 COMMENT 'What they did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    count() AS active_users,
    countIf(signed_in = 1) AS signed_in_users,
    sum(events) AS events
FROM analytics.activity_per_day
GROUP BY day;
