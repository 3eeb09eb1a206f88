-- What:   people who did anything on a day. One row per day that has events, in UTC.
-- Why:    the first number that anyone asks for.
-- Query:  SELECT day, active_users FROM analytics.daily_active_users WHERE day >= today() - 30 ORDER BY day
-- Mind:   a person is an identity: the user_id, else the anonymous_id. Who signs in during the day counts as two.
--         The count is exact. It reaches as far back as the landing table does.

CREATE OR REPLACE VIEW analytics.daily_active_users
AS SELECT
    toDate(occurred_at) AS day,
    uniqExact(identity) AS active_users
FROM analytics.events
GROUP BY day;
