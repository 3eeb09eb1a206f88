-- What:   the player's heartbeat: ugc.video_progress, and video_progress_mv, which fills it from the landing table.
-- Why:    how much of a film is watched, and how often it stalls.
-- Query:  analytics.video_progress, which shows every event once.
-- Mind:   an MV must not throw, or it stops the queue: JSONExtract gives NULL, '' or [] for what is missing, of another
--         kind or out of the type's range. Numbers are Nullable for that reason, a made-up zero would be a false answer.
--         Key, partition, codecs, index and TTL: see 0002_events.sql.

CREATE TABLE IF NOT EXISTS ugc.video_progress
(
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
    movie_id LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    position_ms Nullable(UInt32) COMMENT 'Milliseconds from the start of the film' CODEC(ZSTD(1)),
    duration_ms Nullable(UInt32) COMMENT 'Length of the film in milliseconds, NULL when unknown' CODEC(ZSTD(1)),
    state LowCardinality(String) COMMENT 'playing, paused or buffering',
    precedence UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    -- analysts filter by occurred_at, the key is about key_time: the two are close, so this skips nearly as well as the key
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
COMMENT 'video_progress: the player''s heartbeat';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.video_progress_mv TO ugc.video_progress
AS SELECT
    event_id,
    key_time,
    occurred_at,
    received_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    page_url,
    referrer,
    user_agent,
    ip,
    locale,
    timezone,
    screen_width,
    screen_height,
    app_version,
    is_bot,
    JSONExtractString(payload, 'movie_id') AS movie_id,
    JSONExtract(payload, 'position_ms', 'Nullable(UInt32)') AS position_ms,
    JSONExtract(payload, 'duration_ms', 'Nullable(UInt32)') AS duration_ms,
    JSONExtractString(payload, 'state') AS state
FROM ugc.events
WHERE event_type = 'video_progress';
