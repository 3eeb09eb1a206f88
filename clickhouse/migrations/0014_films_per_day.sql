-- What:   films by day, for ever: how often and by how many people they were watched, finished and waited for.
-- Why:    what is watched, also when the rows of the player have left.
-- Query:  analytics.films_per_day, which counts yesterday and today live, and reads older days from this table.
-- Mind:   what of a day holds, what an empty row means and why people must not be added up: 0012_activity_per_day.sql.

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
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    seen_at DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    -- which counts there are of a day, and of how many events: read by every reader and refresh, without the rows
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(page_views) + sum(completions) + sum(heartbeats) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, movie_id)
SETTINGS
    -- a merge that leaves old counts out, and a DELETE, make the projection of what stays
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Rollup: films by day, for ever';
