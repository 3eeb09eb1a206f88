-- What:   who was active, and how much. One row per day and person.
-- Why:    the one place that is right for every day, however old; other views of people count from it.
-- Query:  SELECT day, count() AS active_users, sum(events) AS events FROM analytics.activity_per_day GROUP BY day ORDER BY day
-- Mind:   yesterday and today are counted when asked, so an event is seen at once; days after today are not shown
--         before they come. Older days were counted before, and are counted again within a minute when an event comes
--         late, however old the day is. They stay when their events are deleted; late_days tells of those that could
--         not be counted again. Bots are left out.

CREATE OR REPLACE VIEW analytics.activity_per_day
(
    day Date COMMENT 'Day in UTC',
    identity_hash UInt64 COMMENT 'Who: cityHash64 of the identity, which is the user_id, else the anonymous_id',
    events UInt64 COMMENT 'Events of the person on the day',
    signed_in UInt8 COMMENT '1 when the person was signed in at any of them'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- one moment for both halves, also at midnight
    (SELECT toDate(now('UTC')) - 1) AS yesterday
SELECT
    day,
    identity_hash,
    events,
    signed_in
FROM ugc.activity_per_day_live
WHERE day >= yesterday AND day <= yesterday + 1
UNION ALL
SELECT
    day,
    identity_hash,
    events,
    signed_in
FROM ugc.activity_per_day
WHERE day < yesterday
    AND events > 0
    AND (day, refreshed_at) IN
    (
        SELECT
            day,
            max(counted_at)
        FROM
        (
            SELECT
                day,
                refreshed_at AS counted_at
            FROM ugc.activity_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at
        )
        GROUP BY day
    );
