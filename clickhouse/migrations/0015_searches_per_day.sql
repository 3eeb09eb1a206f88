-- What:   searches by day and text, for ever: how often, by how many people, and with what success.
-- Why:    what people look for, also when the rows of the searches have left.
-- Query:  analytics.searches_per_day, which counts yesterday and today live, and reads older days from this table.
-- Mind:   what of a day holds, what an empty row means and why people must not be added up: 0012_activity_per_day.sql.

CREATE TABLE IF NOT EXISTS ugc.searches_per_day
(
    day Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    query String COMMENT 'Text in lower case, without spaces around it; empty when only filters were set' CODEC(ZSTD(1)),
    searches UInt64 COMMENT 'How often it was searched for; 0 in the row that only marks the day as counted' CODEC(T64, ZSTD(1)),
    active_users UInt64 COMMENT 'People who searched for it' CODEC(T64, ZSTD(1)),
    without_results UInt64 COMMENT 'Searches that found nothing' CODEC(T64, ZSTD(1)),
    with_known_results UInt64 COMMENT 'Searches of which the client told how many films were found' CODEC(T64, ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    seen_at DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    -- which counts there are of a day, and of how many events: read by every reader and refresh, without the rows
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(searches) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, query)
SETTINGS
    -- a merge that leaves old counts out, and a DELETE, make the projection of what stays
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Rollup: searches by day and text, for ever';
