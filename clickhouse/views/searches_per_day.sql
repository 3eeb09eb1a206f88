-- What:   what was searched for. One row per day and text.
-- Why:    the one place that is right for every day, however old.
-- Query:  SELECT query, sum(searches) AS searches FROM analytics.searches_per_day WHERE query != '' GROUP BY query ORDER BY searches DESC LIMIT 10
-- Mind:   yesterday and today are counted when asked, so an event is seen at once; days after today are not shown
--         before they come. Older days were counted before, and are counted again within a minute when an event comes
--         late, however old the day is. They stay when their events are deleted; late_days tells of those that could
--         not be counted again. Texts are in lower case, without spaces around them; an empty one means that only
--         filters were set. Bots are left out.

CREATE OR REPLACE VIEW analytics.searches_per_day
(
    day Date COMMENT 'Day in UTC',
    query String COMMENT 'Text in lower case, without spaces around it; empty when only filters were set',
    searches UInt64 COMMENT 'How often it was searched for',
    active_users UInt64 COMMENT 'People who searched for it',
    without_results UInt64 COMMENT 'Searches that found nothing',
    with_known_results UInt64 COMMENT 'Searches of which the client told how many films were found'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- one moment for both halves, also at midnight
    (SELECT toDate(now('UTC')) - 1) AS yesterday
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results
FROM ugc.searches_per_day_live
WHERE day >= yesterday AND day <= yesterday + 1
UNION ALL
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results
FROM ugc.searches_per_day
WHERE day < yesterday
    AND searches > 0
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
            FROM ugc.searches_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at
        )
        GROUP BY day
    );
