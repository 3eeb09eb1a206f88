-- What:   searches by day and text, for ever: how often, by how many people, and with what success.
--         searches_per_day_live, searches_per_day, searches_per_day_mv.
-- Why:    what people look for, also when the rows of the searches have left.
-- Query:  analytics.searches_per_day, which counts the last 31 days live and reads older ones from the table.
-- Mind:   how a day is counted anew, what an empty row means, why people must not be added up, and what the INSERT at
--         the end is for: see 0012_activity_per_day.sql.

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

INSERT INTO ugc.searches_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.searches_per_day_live;
