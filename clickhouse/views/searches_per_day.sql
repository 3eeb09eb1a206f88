-- What:   what was searched for. One row per day and text.
-- Why:    the one place that is right for every day, however old.
-- Query:  SELECT query, sum(searches) AS searches FROM analytics.searches_per_day WHERE query != '' GROUP BY query ORDER BY searches DESC LIMIT 10
-- Mind:   days of the last month are counted when asked, older ones come from the rollup (ugc.searches_per_day), of
--         which the newest count of each day holds. Texts are in lower case, without spaces around them; an empty one
--         means that only filters were set. Bots are left out.

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
AS SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results
FROM ugc.searches_per_day_live
WHERE day >= toDate(now('UTC')) - 31
UNION ALL
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results
FROM ugc.searches_per_day
WHERE day < toDate(now('UTC')) - 31
    AND searches > 0
    AND (day, refreshed_at) IN
    (
        SELECT
            day,
            max(refreshed_at)
        FROM ugc.searches_per_day
        GROUP BY day
    );
