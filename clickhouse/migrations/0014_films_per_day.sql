-- What:   films by day, for ever: how often and by how many people they were watched, finished and waited for.
--         films_per_day_live, films_per_day, films_per_day_mv.
-- Why:    what is watched, also when the rows of the player have left.
-- Query:  analytics.films_per_day, which counts the last 31 days live and reads older ones from the table.
-- Mind:   how a day is counted anew, what an empty row means, why people must not be added up, and what the INSERT at
--         the end is for: see 0012_activity_per_day.sql.

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

CREATE TABLE IF NOT EXISTS ugc.films_per_day
(
    day Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    movie_id String COMMENT 'Film; empty in the row that only marks the day as counted' CODEC(ZSTD(1)),
    page_views UInt64 COMMENT 'How often its page was opened' CODEC(T64, ZSTD(1)),
    active_users UInt64 COMMENT 'People who watched it: at least one heartbeat or completion' CODEC(T64, ZSTD(1)),
    completions UInt64 COMMENT 'How often it was watched to the end' CODEC(T64, ZSTD(1)),
    completed_watched_ms UInt64 COMMENT 'Milliseconds watched, as the completions tell' CODEC(T64, ZSTD(1)),
    heartbeats UInt64 COMMENT 'Heartbeats of the player' CODEC(T64, ZSTD(1)),
    buffering_heartbeats UInt64 COMMENT 'Heartbeats while the player waited for data' CODEC(T64, ZSTD(1)),
    buffering_users UInt64 COMMENT 'People with at least one of those' CODEC(T64, ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, movie_id)
COMMENT 'Rollup: films by day, for ever';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.films_per_day_mv
REFRESH EVERY 1 HOUR APPEND TO ugc.films_per_day
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
    now64(3, 'UTC') AS refreshed_at
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
        buffering_users
    FROM ugc.films_per_day_live
    WHERE day >= toDate(now('UTC')) - 35
    UNION ALL
    SELECT
        toDate(now('UTC')) - number AS day,
        '' AS movie_id,
        0 AS page_views,
        0 AS active_users,
        0 AS completions,
        0 AS completed_watched_ms,
        0 AS heartbeats,
        0 AS buffering_heartbeats,
        0 AS buffering_users
    FROM numbers(36)
);

INSERT INTO ugc.films_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.films_per_day_live;
