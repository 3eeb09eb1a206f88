-- What:   how a day of searches is counted, and when: searches_per_day_live, searches_days, searches_waiting, searches_per_day_mv.
-- Why:    decision 7; see 0018_activity_per_day_mv.sql.
-- Query:  SELECT day, written_at, counted_at, is_whole FROM ugc.searches_days ORDER BY day DESC
-- Mind:   which days wait, what is written and why the UNION stands in a view: see 0018_activity_per_day_mv.sql.

CREATE OR REPLACE VIEW ugc.searches_per_day_live
AS SELECT
    toDate(occurred_at) AS day,
    lowerUTF8(trim(query)) AS query,
    toUInt64(count()) AS searches,
    toUInt64(uniqExact(cityHash64(identity))) AS active_users,
    toUInt64(countIf(results_count = 0)) AS without_results,
    toUInt64(countIf(results_count IS NOT NULL)) AS with_known_results
FROM ugc.search_filters AS s FINAL
WHERE NOT is_bot
GROUP BY
    toDate(occurred_at),
    lowerUTF8(trim(s.query))
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ugc.searches_days
AS WITH
    now64(3, 'UTC') AS now,
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, last_seen_at, counted_events))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at AS last_seen_at,
                sum(searches) AS counted_events
            FROM ugc.searches_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    written.day AS day,
    written.written_at AS written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    written.is_whole AS is_whole,
    written.events AS events,
    toInt64(counted.newest.3)
        - arraySum(request -> if(request.1 > last_seen_at, request.2, 0), written.requests) AS least_events
FROM ugc.days_written AS written
LEFT JOIN counted ON counted.day = written.day
WHERE written.day < toDate(now)
    AND (
        written.written_at > last_seen_at
        OR (last_seen_at >= counted_at - INTERVAL 10 MINUTE AND counted_at <= now - INTERVAL 10 MINUTE)
    );

CREATE OR REPLACE VIEW ugc.searches_waiting
AS WITH
    (SELECT now64(3, 'UTC')) AS counted_at,
    (
        SELECT groupArray((day, written_at, least_events))
        FROM
        (
            SELECT
                day,
                written_at,
                least_events,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.searches_days
            WHERE is_whole
        )
        WHERE up_to_here - events < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results,
    if(is_marker, counted_at - INTERVAL 1 MILLISECOND, counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        query,
        searches,
        active_users,
        without_results,
        with_known_results,
        false AS is_marker
    FROM ugc.searches_per_day_live
    WHERE day IN (SELECT arrayJoin(asked.1))
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        '' AS query,
        0 AS searches,
        0 AS active_users,
        0 AS without_results,
        0 AS with_known_results,
        true AS is_marker
)
QUALIFY sum(searches) OVER (PARTITION BY day) >= its.3;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.searches_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.searches_per_day
AS SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results,
    refreshed_at,
    seen_at
FROM ugc.searches_waiting
SETTINGS
    min_insert_block_size_rows = 1000000000,
    min_insert_block_size_bytes = 0;
