-- What:   what could not become an event: messages that are not JSON lines, and lines without a usable event_id,
--         event_type or identity.
-- Why:    silence would be loss. The raw bytes are here, so that a repaired consumer can read them again.
-- Query:  SELECT kafka_timestamp, error, raw FROM ugc.events_errors FINAL ORDER BY kafka_timestamp DESC LIMIT 10
-- Mind:   raw is a whole message when the message could not be parsed (all its lines, the good ones too, for the parser
--         gives up on the message), and one line when only that line was refused. The key holds the hash of raw because
--         one message may have several refused lines, and kafka_timestamp because offsets begin anew when a topic is
--         made again; a message read twice is still one row. Kept for 30 days: see 0002_events.sql.

CREATE TABLE IF NOT EXISTS ugc.events_errors
(
    kafka_timestamp DateTime64(3, 'UTC') COMMENT 'When the message was produced; 1970 when that is unknown or not plausible' CODEC(T64, ZSTD(1)),
    kafka_topic LowCardinality(String) COMMENT 'Topic that it was read from',
    kafka_partition UInt64 COMMENT 'Partition of the topic' CODEC(T64, ZSTD(1)),
    kafka_offset UInt64 COMMENT 'Offset of the message in the partition' CODEC(T64, ZSTD(1)),
    error String COMMENT 'Why it was refused' CODEC(ZSTD(1)),
    raw String COMMENT 'The bytes of the message, or the refused line' CODEC(ZSTD(3)),
    inserted_at DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote it' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(inserted_at)
PARTITION BY toYYYYMM(kafka_timestamp)
ORDER BY (kafka_timestamp, kafka_topic, kafka_partition, kafka_offset, cityHash64(raw))
TTL toDateTime(inserted_at) + toIntervalDay(${UGC_RETENTION_ERRORS_DAYS})
-- as with the landing table: on disk before the offset is committed
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
COMMENT 'Messages and lines that could not become an event';
