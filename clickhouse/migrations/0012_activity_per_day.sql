-- What:   activity by day, for ever: who was there, and with how many events. The next three files are tables of the same
--         kind for pages, films and searches.
-- Why:    decision 7: an MV that adds up as rows come in counts a redelivered block twice. Here a day is counted as a
--         whole, from rows without duplicates, each time that it has new ones; and then stays as it is, also when the
--         rows have left.
-- Query:  analytics.activity_per_day, which counts yesterday and today live, and reads older days from this table.
-- Mind:   1. Of a day, the rows of the newest count hold, and no others: a group that was there before and is not any
--            more (an erased person) is gone with the next count. Each count writes one row with nothing in it for each
--            of its days, so that a day may become empty as well; readers leave those out.
--         2. Which days are counted, and when: 0017_days.sql. How: 0018_activity_per_day_mv.sql.
--         3. Of the rollups by day, only this one knows people, by the hash of the identity, which the tables sort by;
--            the others hold counts. `erase` deletes the hash here, and counts what is left of the person's days.
--         4. Bots are left out. Days are UTC. Counts of people hold within a row and must not be added up over days or
--            pages; activity_per_day can count them over any time.

CREATE TABLE IF NOT EXISTS ugc.activity_per_day
(
    day Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    identity_hash UInt64 COMMENT 'cityHash64 of the identity; 0 in the row that only marks the day as counted' CODEC(ZSTD(1)),
    events UInt64 COMMENT 'Events of the person on the day' CODEC(T64, ZSTD(1)),
    signed_in UInt8 COMMENT '1 when the person was signed in at any of them' CODEC(ZSTD(1)),
    first_received_at DateTime64(3, 'UTC') COMMENT 'When the first of them was received' CODEC(T64, ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    seen_at DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    -- which counts there are of a day, and of how many events: read by every reader and refresh, without the rows
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(events) AS events,
            min(first_received_at) AS first_received_at
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, identity_hash)
SETTINGS
    -- a merge that leaves old counts out, and a DELETE, make the projection of what stays
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Rollup: people and their events by day, for ever';
