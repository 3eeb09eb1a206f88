-- What:   the landing table: every valid event of every type, its common fields as columns and its own fields as JSON.
-- Why:    the typed tables hang on it (decision 1), so they can be rebuilt from it, and a type without a table is kept.
-- Query:  analytics.events, which shows every event once. Here a repeated event may still be seen twice until a merge.
-- Mind:   the sorting key and the partition rest on key_time and identity, which are the same for every copy of an
--         event; occurred_at and received_at differ between copies and must never enter the key (decision 6).
--         Codecs: T64 drops the high bits that all times of a part share, ZSTD takes the rest; text is ZSTD(1), and
--         payload, which is read rarely and is most of the bytes, ZSTD(3). LowCardinality without a codec: the column
--         is small numbers already.

CREATE TABLE IF NOT EXISTS ugc.events
(
    event_type LowCardinality(String) COMMENT 'Type of the event, as the API names it',
    event_id UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    key_time DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client''s clock' CODEC(T64, ZSTD(1)),
    received_at DateTime64(3, 'UTC') COMMENT 'When the API received it; the latest copy of an event wins' CODEC(T64, ZSTD(1)),
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
    payload String COMMENT 'Own fields of the type, a JSON object as text: hostile text cannot break an insert as it could with the JSON type' CODEC(ZSTD(3)),
    kafka_topic LowCardinality(String) COMMENT 'Topic that it was read from',
    kafka_partition UInt64 COMMENT 'Partition of the topic' CODEC(T64, ZSTD(1)),
    kafka_offset UInt64 COMMENT 'Offset of the message in the partition; one message holds the events of one request' CODEC(T64, ZSTD(1)),
    kafka_timestamp DateTime64(3, 'UTC') COMMENT 'When the message was produced' CODEC(T64, ZSTD(1)),
    inserted_at DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote it' CODEC(T64, ZSTD(1)),
    -- analysts filter by occurred_at, the key is about key_time: the two are close, so this skips nearly as well as the key
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
-- Kafka's offset is committed right after the insert: the rows must be on disk by then, not in the page cache (3 ms)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Landing: every valid event of every type';
