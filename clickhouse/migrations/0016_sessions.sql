-- What:   sessions as they were cut.
-- Why:    cutting sessions means to sort the events of everybody, which for ten million takes seconds.
-- Query:  analytics.sessions, which cuts yesterday and today live, and reads older days from this table.
-- Mind:   1. Of a day, the rows of the newest cut hold, as with the other rollups: 0012_activity_per_day.sql. Which days are
--            cut: 0017_days.sql. How: 0022_sessions_mv.sql.
--         2. It knows people: `erase` deletes their rows, and cuts what of their days is left, with the time of the day's
--            newest cut. Kept as long as typed rows.

CREATE TABLE IF NOT EXISTS ugc.sessions
(
    day Date COMMENT 'Day in UTC on which it began' CODEC(ZSTD(1)),
    identity String COMMENT 'Who: user_id, else anonymous_id; empty in the row that only marks the day as cut' CODEC(ZSTD(1)),
    started_at DateTime64(3, 'UTC') COMMENT 'Its first event' CODEC(T64, ZSTD(1)),
    ended_at DateTime64(3, 'UTC') COMMENT 'Its last event' CODEC(T64, ZSTD(1)),
    events UInt64 COMMENT 'How many events it has' CODEC(T64, ZSTD(1)),
    page_views UInt64 COMMENT 'How many pages were opened' CODEC(T64, ZSTD(1)),
    entry_page String COMMENT 'Address of its first page, empty when no event names one' CODEC(ZSTD(1)),
    exit_page String COMMENT 'Address of its last page' CODEC(ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was cut; the newest of a day holds' CODEC(ZSTD(1)),
    seen_at DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    -- which counts there are of a day, and of how many events: read by every reader and refresh, without the rows
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(events) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, cityHash64(identity), started_at)
TTL day + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS
    -- a merge that leaves old counts out, and a DELETE, make the projection of what stays
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Rollup: sessions of people';
