-- What:   pages by day, for ever: how often and by how many people they were opened, and for how long.
-- Why:    which pages hold people, also when the rows of the views and leaves have left.
-- Query:  analytics.pages_per_day, which counts yesterday and today live, and reads older days from this table.
-- Mind:   what of a day holds, what an empty row means and why people must not be added up: 0012_activity_per_day.sql.

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
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    seen_at DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    -- which counts there are of a day, and of how many events: read by every reader and refresh, without the rows
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(views) + sum(leaves) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, page_type, page_id)
SETTINGS
    -- a merge that leaves old counts out, and a DELETE, make the projection of what stays
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Rollup: pages by day, for ever';
