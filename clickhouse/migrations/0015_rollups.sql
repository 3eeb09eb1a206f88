-- What:   four rollups by day, for ever: activity (who), pages, films, searches. Of each: X_per_day_live, a view that
--         counts every day from the rows as they are now; X_per_day, the table; X_per_day_mv, which every hour writes the
--         last 35 days of the one into the other.
-- Why:    decision 7: an MV that adds up as rows come in counts a redelivered block twice. Here every day is counted anew
--         from rows without duplicates for as long as late events may change it (30 days), and then stays as it is, also
--         when the rows have left.
-- Query:  analytics.activity_per_day, pages_per_day, films_per_day, searches_per_day: they count the last 31 days live, so
--         that no event waits for an hour, and read older days, which change no more, from the tables.
-- Mind:   1. Of a day, the rows of the newest refresh count, and no others: a group that was there before and is not any
--            more (an erased person) is gone with the next refresh. Each refresh writes one row with nothing in it for each
--            of its days, so that a day may become empty as well. Readers leave those out.
--         2. Only activity_per_day knows people, by the hash of the identity, which the tables sort by; the others hold
--            counts. `erase` deletes the hash there, and counts anew, by these views, the days of which all rows are there.
--         3. Bots are left out. Days are UTC. Counts of people hold within a row and must not be added up over days or
--            pages; activity_per_day can count them over any time.
--         4. The INSERTs at the end count all days that the rows tell, once, when this is deployed.

CREATE OR REPLACE VIEW ugc.activity_per_day_live
AS SELECT
    toDate(occurred_at) AS day,
    cityHash64(identity) AS identity_hash,
    toUInt64(count()) AS events,
    max(user_id != '') AS signed_in
FROM ugc.events FINAL
WHERE NOT is_bot
GROUP BY
    day,
    identity_hash
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE TABLE IF NOT EXISTS ugc.activity_per_day
(
    day Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    identity_hash UInt64 COMMENT 'cityHash64 of the identity; 0 in the row that only marks the day as counted' CODEC(ZSTD(1)),
    events UInt64 COMMENT 'Events of the person on the day' CODEC(T64, ZSTD(1)),
    signed_in UInt8 COMMENT '1 when the person was signed in at any of them' CODEC(ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, identity_hash)
COMMENT 'Rollup: people and their events by day, for ever';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.activity_per_day_mv
REFRESH EVERY 1 HOUR APPEND TO ugc.activity_per_day
AS SELECT
    day,
    identity_hash,
    events,
    signed_in,
    now64(3, 'UTC') AS refreshed_at
FROM
(
    SELECT
        day,
        identity_hash,
        events,
        signed_in
    FROM ugc.activity_per_day_live
    WHERE day >= toDate(now('UTC')) - 35
    UNION ALL
    SELECT
        toDate(now('UTC')) - number AS day,
        0 AS identity_hash,
        0 AS events,
        0 AS signed_in
    FROM numbers(36)
);

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

CREATE TABLE IF NOT EXISTS ugc.pages_per_day
(
    day Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    page_type LowCardinality(String) COMMENT 'Kind of page; empty in the row that only marks the day as counted',
    page_id String COMMENT 'Id of the page, empty when not given' CODEC(ZSTD(1)),
    views UInt64 COMMENT 'How often it was opened' CODEC(T64, ZSTD(1)),
    active_users UInt64 COMMENT 'People who opened it' CODEC(T64, ZSTD(1)),
    leaves UInt64 COMMENT 'How often it was left' CODEC(T64, ZSTD(1)),
    dwell_ms UInt64 COMMENT 'Milliseconds from opening to leaving, of all leaves' CODEC(T64, ZSTD(1)),
    active_ms UInt64 COMMENT 'Milliseconds of them while the page was visible, where the client says so' CODEC(T64, ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, page_type, page_id)
COMMENT 'Rollup: pages by day, for ever';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.pages_per_day_mv
REFRESH EVERY 1 HOUR APPEND TO ugc.pages_per_day
AS SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms,
    now64(3, 'UTC') AS refreshed_at
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
        active_ms
    FROM ugc.pages_per_day_live
    WHERE day >= toDate(now('UTC')) - 35
    UNION ALL
    SELECT
        toDate(now('UTC')) - number AS day,
        '' AS page_type,
        '' AS page_id,
        0 AS views,
        0 AS active_users,
        0 AS leaves,
        0 AS dwell_ms,
        0 AS active_ms
    FROM numbers(36)
);

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

CREATE TABLE IF NOT EXISTS ugc.searches_per_day
(
    day Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    query String COMMENT 'Text in lower case, without spaces around it; empty when only filters were set' CODEC(ZSTD(1)),
    searches UInt64 COMMENT 'How often it was searched for; 0 in the row that only marks the day as counted' CODEC(T64, ZSTD(1)),
    active_users UInt64 COMMENT 'People who searched for it' CODEC(T64, ZSTD(1)),
    without_results UInt64 COMMENT 'Searches that found nothing' CODEC(T64, ZSTD(1)),
    with_known_results UInt64 COMMENT 'Searches of which the client told how many films were found' CODEC(T64, ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, query)
COMMENT 'Rollup: searches by day and text, for ever';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.searches_per_day_mv
REFRESH EVERY 1 HOUR APPEND TO ugc.searches_per_day
AS SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results,
    now64(3, 'UTC') AS refreshed_at
FROM
(
    SELECT
        day,
        query,
        searches,
        active_users,
        without_results,
        with_known_results
    FROM ugc.searches_per_day_live
    WHERE day >= toDate(now('UTC')) - 35
    UNION ALL
    SELECT
        toDate(now('UTC')) - number AS day,
        '' AS query,
        0 AS searches,
        0 AS active_users,
        0 AS without_results,
        0 AS with_known_results
    FROM numbers(36)
);

INSERT INTO ugc.activity_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.activity_per_day_live;

INSERT INTO ugc.pages_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.pages_per_day_live;

INSERT INTO ugc.films_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.films_per_day_live;

INSERT INTO ugc.searches_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.searches_per_day_live;
