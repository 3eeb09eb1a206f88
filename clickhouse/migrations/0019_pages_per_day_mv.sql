-- What:   how a day of pages is counted, and when: pages_per_day_live, pages_days, pages_waiting, pages_per_day_mv.
-- Why:    decision 7; see 0018_activity_per_day_mv.sql.
-- Query:  SELECT day, written_at, counted_at, is_whole FROM ugc.pages_days ORDER BY day DESC
-- Mind:   which days wait, what is written and why the UNION stands in a view: see 0018_activity_per_day_mv.sql.

CREATE OR REPLACE VIEW ugc.pages_per_day_live
AS WITH
    opened AS
    (
        SELECT
            toDate(occurred_at) AS day,
            page_type,
            page_id,
            cityHash64(identity) AS opened_by,
            NULL AS dwell,
            NULL AS active
        FROM ugc.page_views FINAL
        WHERE NOT is_bot
    ),
    closed AS
    (
        SELECT
            toDate(occurred_at) AS day,
            page_type,
            page_id,
            NULL AS opened_by,
            ifNull(dwell_ms, 0) AS dwell,
            active_ms AS active
        FROM ugc.page_leaves FINAL
        WHERE NOT is_bot
    )
SELECT
    day,
    page_type,
    page_id,
    toUInt64(count(opened_by)) AS views,
    toUInt64(uniqExact(opened_by)) AS active_users,
    toUInt64(count(dwell)) AS leaves,
    toUInt64(ifNull(sum(dwell), 0)) AS dwell_ms,
    toUInt64(ifNull(sum(active), 0)) AS active_ms
FROM
(
    SELECT * FROM opened
    UNION ALL
    SELECT * FROM closed
)
GROUP BY
    day,
    page_type,
    page_id
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ugc.pages_days
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
                sum(views) + sum(leaves) AS counted_events
            FROM ugc.pages_per_day
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

CREATE OR REPLACE VIEW ugc.pages_waiting
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
            FROM ugc.pages_days
            WHERE is_whole
        )
        WHERE up_to_here - events < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms,
    if(is_marker, counted_at - INTERVAL 1 MILLISECOND, counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        page_type,
        page_id,
        views,
        active_users,
        leaves,
        dwell_ms,
        active_ms,
        false AS is_marker
    FROM ugc.pages_per_day_live
    WHERE day IN (SELECT arrayJoin(asked.1))
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        '' AS page_type,
        '' AS page_id,
        0 AS views,
        0 AS active_users,
        0 AS leaves,
        0 AS dwell_ms,
        0 AS active_ms,
        true AS is_marker
)
QUALIFY sum(views + leaves) OVER (PARTITION BY day) >= its.3;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.pages_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.pages_per_day
AS SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms,
    refreshed_at,
    seen_at
FROM ugc.pages_waiting
SETTINGS
    min_insert_block_size_rows = 1000000000,
    min_insert_block_size_bytes = 0;
