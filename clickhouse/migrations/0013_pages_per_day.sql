-- What:   pages by day, for ever: how often and by how many people they were opened, and for how long.
--         pages_per_day_live, pages_per_day, pages_per_day_mv.
-- Why:    which pages hold people, also when the rows of the views and leaves have left.
-- Query:  analytics.pages_per_day, which counts the last 31 days live and reads older ones from the table.
-- Mind:   how a day is counted anew, what an empty row means, why people must not be added up, and what the INSERT at
--         the end is for: see 0012_activity_per_day.sql.

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

INSERT INTO ugc.pages_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.pages_per_day_live;
