-- What:   activity by day, for ever: who was there, and with how many events. activity_per_day_live, a view that counts
--         every day from the rows as they are now; activity_per_day, the table; activity_per_day_mv, which every hour
--         writes the last 35 days of the one into the other. The next three files do the same for pages, films,
--         searches.
-- Why:    decision 7: an MV that adds up as rows come in counts a redelivered block twice. Here every day is counted
--         anew from rows without duplicates for as long as late events may change it (30 days), and then stays as it
--         is, also when the rows have left.
-- Query:  analytics.activity_per_day, which counts the last 31 days live, so that no event waits for an hour, and reads
--         older days, which change no more, from the table.
-- Mind:   1. Of a day, the rows of the newest refresh count, and no others: a group that was there before and is not
--            any more (an erased person) is gone with the next refresh. Each refresh writes one row with nothing in it
--            for each of its days, so that a day may become empty as well. Readers leave those out.
--         2. Of the rollups by day, only this one knows people, by the hash of the identity, which the tables sort by;
--            the others hold counts. `erase` deletes the hash here, and counts anew, by the views X_per_day_live, the
--            days of which all rows are there.
--         3. Bots are left out. Days are UTC. Counts of people hold within a row and must not be added up over days or
--            pages; activity_per_day can count them over any time.
--         4. The INSERT at the end counts all days that the rows tell, once, when this runs: there are some when it was
--            undone and is done again.

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

INSERT INTO ugc.activity_per_day
SELECT
    *,
    now64(3, 'UTC') AS refreshed_at
FROM ugc.activity_per_day_live;
