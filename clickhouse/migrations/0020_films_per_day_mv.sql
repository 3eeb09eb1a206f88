-- What:   how a day of films is counted, and when: films_per_day_live, films_days, films_waiting, films_per_day_mv.
-- Why:    decision 7; see 0018_activity_per_day_mv.sql.
-- Query:  SELECT day, written_at, counted_at, is_whole FROM ugc.films_days ORDER BY day DESC
-- Mind:   which days wait, what is written and why the UNION stands in a view: see 0018_activity_per_day_mv.sql.

CREATE OR REPLACE VIEW ugc.films_per_day_live
AS WITH
    heartbeats AS
    (
        SELECT
            toDate(occurred_at) AS day,
            movie_id,
            cityHash64(identity) AS person,
            'heartbeat' AS kind,
            state = 'buffering' AS buffering,
            0 AS watched
        FROM ugc.video_progress FINAL
        WHERE NOT is_bot
    ),
    completions AS
    (
        SELECT
            toDate(occurred_at) AS day,
            movie_id,
            cityHash64(identity) AS person,
            'completion' AS kind,
            0 AS buffering,
            ifNull(watched_ms, 0) AS watched
        FROM ugc.video_completions FINAL
        WHERE NOT is_bot
    ),
    page_views AS
    (
        SELECT
            toDate(occurred_at) AS day,
            page_id AS movie_id,
            cityHash64(identity) AS person,
            'page' AS kind,
            0 AS buffering,
            0 AS watched
        FROM ugc.page_views FINAL
        WHERE page_type = 'movie' AND page_id != '' AND NOT is_bot
    )
SELECT
    day,
    movie_id,
    toUInt64(countIf(kind = 'page')) AS page_views,
    toUInt64(uniqExactIf(person, kind != 'page')) AS active_users,
    toUInt64(countIf(kind = 'completion')) AS completions,
    toUInt64(sum(watched)) AS completed_watched_ms,
    toUInt64(countIf(kind = 'heartbeat')) AS heartbeats,
    toUInt64(sum(buffering)) AS buffering_heartbeats,
    toUInt64(uniqExactIf(person, buffering = 1)) AS buffering_users
FROM
(
    SELECT * FROM heartbeats
    UNION ALL
    SELECT * FROM completions
    UNION ALL
    SELECT * FROM page_views
)
GROUP BY
    day,
    movie_id
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ugc.films_days
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
                sum(page_views) + sum(completions) + sum(heartbeats) AS counted_events
            FROM ugc.films_per_day
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

CREATE OR REPLACE VIEW ugc.films_waiting
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
            FROM ugc.films_days
            WHERE is_whole
        )
        WHERE up_to_here - events < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    movie_id,
    page_views,
    active_users,
    completions,
    completed_watched_ms,
    heartbeats,
    buffering_heartbeats,
    buffering_users,
    if(is_marker, counted_at - INTERVAL 1 MILLISECOND, counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        movie_id,
        page_views,
        active_users,
        completions,
        completed_watched_ms,
        heartbeats,
        buffering_heartbeats,
        buffering_users,
        false AS is_marker
    FROM ugc.films_per_day_live
    WHERE day IN (SELECT arrayJoin(asked.1))
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        '' AS movie_id,
        0 AS page_views,
        0 AS active_users,
        0 AS completions,
        0 AS completed_watched_ms,
        0 AS heartbeats,
        0 AS buffering_heartbeats,
        0 AS buffering_users,
        true AS is_marker
)
QUALIFY sum(page_views + completions + heartbeats) OVER (PARTITION BY day) >= its.3;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.films_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.films_per_day
AS SELECT
    day,
    movie_id,
    page_views,
    active_users,
    completions,
    completed_watched_ms,
    heartbeats,
    buffering_heartbeats,
    buffering_users,
    refreshed_at,
    seen_at
FROM ugc.films_waiting
SETTINGS
    min_insert_block_size_rows = 1000000000,
    min_insert_block_size_bytes = 0;
