-- What:   the landing table: every valid event of every type, its common fields as columns and its own fields as JSON.
-- Why:    the typed tables hang on it (decision 1), so they can be rebuilt from it, and a type without a table is kept.
-- Query:  analytics.events, which shows every event once. Here a repeated event may still be seen twice until a merge.
-- Mind:   1. The sorting key and the partition rest on key_time and identity, which are the same for every copy of an
--            event; occurred_at and received_at differ between copies and must never enter the key (decision 6).
--            Of several copies the one received first is kept, in whatever order they are written: see precedence. A
--            second event under the same id, of another type or of somebody else, is not hidden by the first.
--         2. Codecs: T64 drops the high bits that all times of a part share, ZSTD takes the rest; text is ZSTD(1), and
--            payload, which is read rarely and is most of the bytes, ZSTD(3). LowCardinality without a codec: the
--            column is small numbers already.
--         3. How long rows are kept: landed events (the raw payloads) 90 days, for payloads are most of the bytes and
--            what a person would least like to see kept; typed rows 25 months, they hold what the questions need;
--            errors 30 days; rollups, which outlive both, without limit. A landed row goes as a whole, not only its
--            payload: what would stay stands in the typed tables already, and an event without a typed table says
--            nothing without its payload. So views that read analytics.events reach 90 days.
--         4. Days count from received_at, which the server sets: no clock of a client can keep or delete a row. Rows
--            leave when their part is merged, at the latest about 4 hours after their time, not at the second.
--         5. Changed by variables: UGC_RETENTION_PAYLOAD_DAYS (37 at least: events may come 30 days late, and
--            a day is counted again only while all of its rows are there),
--            UGC_RETENTION_TYPED_MONTHS (2 at least, for the same reason), UGC_RETENTION_ERRORS_DAYS; 50 years at most.
--            `python -m clickhouse migrate` alters the TTL of every table when a variable has changed; a shorter time
--            rewrites every part once, in the background.
--         6. Bots are kept, so that a wrong guess loses nothing, and the views that count people leave them out by
--            is_bot.
--         7. inserted_at is the time of writing, also of a row that is put in by hand: the projection tells by it which
--            days have new rows, so that their numbers are counted again (0017_days.sql). It is part of every part, so
--            it is right after RESTORE and ATTACH, and reading it takes milliseconds however many rows there are.

CREATE TABLE IF NOT EXISTS ugc.events
(
    event_type LowCardinality(String) COMMENT 'Type of the event, as the API names it',
    event_id UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    key_time DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client''s clock' CODEC(T64, ZSTD(1)),
    received_at DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    identity String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    user_id String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    anonymous_id String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    session_id String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    page_url String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    referrer String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    user_agent LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    ip String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    locale LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    timezone LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    screen_width Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    screen_height Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    app_version LowCardinality(String) COMMENT 'Version of the front end',
    is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    payload String COMMENT 'Own fields of the type, a JSON object as text: hostile text cannot break an insert as it could with the JSON type' CODEC(ZSTD(3)),
    kafka_topic LowCardinality(String) COMMENT 'Topic that it was read from',
    kafka_partition UInt64 COMMENT 'Partition of the topic' CODEC(T64, ZSTD(1)),
    kafka_offset UInt64 COMMENT 'Offset of the message in the partition; one message holds the events of one request' CODEC(T64, ZSTD(1)),
    kafka_timestamp DateTime64(3, 'UTC') COMMENT 'When the message was produced' CODEC(T64, ZSTD(1)),
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When ClickHouse wrote it' CODEC(T64, ZSTD(1)),
    precedence UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    -- analysts filter by occurred_at, the key is about key_time: the two are close, so this skips nearly as well as the key
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1,
    -- which events came since a day was counted
    INDEX inserted_at_minmax inserted_at TYPE minmax GRANULARITY 1,
    PROJECTION written_by_day
    (
        SELECT
            toDate(occurred_at) AS day,
            max(inserted_at) AS written_at,
            countIf(NOT is_bot) AS events,
            minIf(received_at, NOT is_bot) AS first_received_at
        GROUP BY day
    )
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_type, event_id)
TTL toDateTime(received_at) + toIntervalDay(${UGC_RETENTION_PAYLOAD_DAYS})
SETTINGS
    -- Kafka's offset is committed right after the insert: the rows must be on disk by then, not in the page cache (3 ms)
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    -- a merge that leaves copies out, and a DELETE, make the projection of what stays
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Landing: every valid event of every type';
