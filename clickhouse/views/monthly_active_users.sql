-- What:   people who did anything in a month. One row per calendar month that has events, in UTC; month is its first day.
-- Why:    the size of the audience; a month is no sum of its days, for people come back.
-- Query:  SELECT month, active_users FROM analytics.monthly_active_users ORDER BY month
-- Mind:   a person is an identity: the user_id, else the anonymous_id. The count is exact. The current month is not
--         over, and the oldest may have lost its first days with the landing table.

CREATE OR REPLACE VIEW analytics.monthly_active_users
AS SELECT
    toStartOfMonth(occurred_at) AS month,
    uniqExact(identity) AS active_users
FROM analytics.events
GROUP BY month;
