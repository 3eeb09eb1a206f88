-- What:   how pages were used. One row per day and page.
-- Why:    the one place that is right for every day, however old.
-- Query:  SELECT page_id, sum(views) AS views FROM analytics.pages_per_day WHERE page_type = 'movie' GROUP BY page_id ORDER BY views DESC LIMIT 10
-- Mind:   yesterday and today are counted when asked, so an event is seen at once; days after today are not shown
--         before they come. Older days were counted before, and are counted again within a minute when an event comes
--         late, however old the day is. They stay when their events are deleted; late_days tells of those that could
--         not be counted again. Bots are left out.

CREATE OR REPLACE VIEW analytics.pages_per_day
(
    day Date COMMENT 'Day in UTC',
    page_type LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    page_id String COMMENT 'Id of the page, empty when not given',
    views UInt64 COMMENT 'How often it was opened',
    active_users UInt64 COMMENT 'People who opened it',
    leaves UInt64 COMMENT 'How often it was left',
    dwell_ms UInt64 COMMENT 'Milliseconds from opening to leaving, of all leaves',
    active_ms UInt64 COMMENT 'Milliseconds of them while the page was visible, where the client says so'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- one moment for both halves, also at midnight
    (SELECT toDate(now('UTC')) - 1) AS yesterday
SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms
FROM ugc.pages_per_day_live
WHERE day >= yesterday AND day <= yesterday + 1
UNION ALL
SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms
FROM ugc.pages_per_day
WHERE day < yesterday
    AND page_type != ''
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
            FROM ugc.pages_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at
        )
        GROUP BY day
    );
