-- What:   how pages were used. One row per day and page.
-- Why:    the one place that is right for every day, however old.
-- Query:  SELECT page_id, sum(views) AS views FROM analytics.pages_per_day WHERE page_type = 'movie' GROUP BY page_id ORDER BY views DESC LIMIT 10
-- Mind:   days of the last month are counted when asked, older ones come from the rollup (ugc.pages_per_day), of which
--         the newest count of each day holds. Bots are left out.

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
AS SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms
FROM ugc.pages_per_day_live
WHERE day >= toDate(now('UTC')) - 31
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
WHERE day < toDate(now('UTC')) - 31
    AND page_type != ''
    AND (day, refreshed_at) IN
    (
        SELECT
            day,
            max(refreshed_at)
        FROM ugc.pages_per_day
        GROUP BY day
    );
