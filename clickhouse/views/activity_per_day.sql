-- What:   who was active, and how much. One row per day and person.
-- Why:    the one place that is right for every day, however old; other views of people count from it.
-- Query:  SELECT day, count() AS active_users, sum(events) AS events FROM analytics.activity_per_day GROUP BY day ORDER BY day
-- Mind:   days of the last month are counted when asked, older ones come from the rollup (ugc.activity_per_day), of
--         which the newest count of each day holds. Bots are left out.

CREATE OR REPLACE VIEW analytics.activity_per_day
(
    day Date COMMENT 'Day in UTC',
    identity_hash UInt64 COMMENT 'Who: cityHash64 of the identity, which is the user_id, else the anonymous_id',
    events UInt64 COMMENT 'Events of the person on the day',
    signed_in UInt8 COMMENT '1 when the person was signed in at any of them'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    identity_hash,
    events,
    signed_in
FROM ugc.activity_per_day_live
WHERE day >= toDate(now('UTC')) - 31
UNION ALL
SELECT
    day,
    identity_hash,
    events,
    signed_in
FROM ugc.activity_per_day
WHERE day < toDate(now('UTC')) - 31
    AND events > 0
    AND (day, refreshed_at) IN
    (
        SELECT
            day,
            max(refreshed_at)
        FROM ugc.activity_per_day
        GROUP BY day
    );
