-- What:   the consumer: ugc.events_queue reads the topic ugc.events, events_mv writes what is an event to ugc.events,
--         events_errors_mv writes what is not to ugc.events_errors. Each line goes to exactly one of the two.
-- Why:    one consumer chain (decision 1): a new type never touches it. It stands last among the first migrations,
--         because a message is gone for whoever is not attached when it is read: every table and MV has to be there.
-- Query:  SELECT * FROM system.kafka_consumers WHERE table = 'events_queue'; never select from the queue itself.
-- Mind:   1. The two MVs cannot be attached to a Kafka table at the same moment, and it starts to read with the first.
--            So they are attached to a stand-in of the same name, which reads nothing; then the stand-in makes way for
--            the Kafka table, and both are there when the first message comes. MVs follow their source by name.
--            The same holds for any later change of the queue: DROP the Kafka table (not SYNC, which waits for the
--            broker), CREATE it again with the same group; the MVs stay, changed by MODIFY QUERY over a stand-in where
--            they read another column. `python -m clickhouse new common-column` writes such a change, and `migrate`
--            makes the table again when UGC_KAFKA_BOOTSTRAP has changed.
--         2. All wire columns are String. A wrong type inside a line then spoils that line only, and in this file's
--            hands; with typed columns the parser would refuse the whole message, or wrap the number (300 as 44).
--            What is no JSON at all, or has a key twice, still costs the whole message: one row in events_errors.
--            A field that is absent is '' here: is_bot, which the API leaves out for people, is then false.
--         3. An MV must not throw, or the block is read again for ever: numbers go through Float64 and
--            accurateCastOrNull, times outside the window become harmless ones. More than 100 partitions in a block
--            would throw as well; the window of key_time (400 days back, 40 ahead) keeps it to 16.
--         4. Latency: flush every 100 ms, poll for 20 ms, look again after 10 ms. The defaults take 8 s.

CREATE TABLE IF NOT EXISTS ugc.events_queue
(
    event_id String,
    event_type String,
    user_id String,
    anonymous_id String,
    session_id String,
    occurred_at String,
    received_at String,
    key_time String,
    page_url String,
    referrer String,
    user_agent String,
    ip String,
    locale String,
    timezone String,
    screen_width String,
    screen_height String,
    app_version String,
    is_bot String,
    payload String,
    _topic LowCardinality(String),
    _partition UInt64,
    _offset UInt64,
    _timestamp_ms Nullable(DateTime64(3)),
    _raw_message String,
    _error String
)
ENGINE = Null
COMMENT 'Stand-in until the Kafka table takes the name';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.events_errors_mv TO ugc.events_errors
AS WITH
    match(q.event_id, '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$') AS has_event_id,
    toUnixTimestamp64Milli(coalesce(q._timestamp_ms, toDateTime64(0, 3, 'UTC'))) AS kafka_ms,
    toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms
SELECT
    fromUnixTimestamp64Milli(
        if(kafka_ms BETWEEN now_ms - 400 * 86400000 AND now_ms + 40 * 86400000, kafka_ms, 0), 'UTC'
    ) AS kafka_timestamp,
    q._topic AS kafka_topic,
    q._partition AS kafka_partition,
    q._offset AS kafka_offset,
    multiIf(
        q._error != '', q._error,
        NOT has_event_id, 'event_id is missing or no UUID',
        q.event_type = '', 'event_type is missing',
        'identity is missing: neither user_id nor anonymous_id'
    ) AS error,
    -- the parser keeps the bytes of what it refused; a line that it could read is put together again, as JSON that the
    -- queue reads to the same values
    if(
        q._error != '',
        q._raw_message,
        toJSONString(
            mapFilter(
                (field, value) -> value != '',
                map(
                    'event_id', q.event_id,
                    'event_type', q.event_type,
                    'user_id', q.user_id,
                    'anonymous_id', q.anonymous_id,
                    'session_id', q.session_id,
                    'occurred_at', q.occurred_at,
                    'received_at', q.received_at,
                    'key_time', q.key_time,
                    'page_url', q.page_url,
                    'referrer', q.referrer,
                    'user_agent', q.user_agent,
                    'ip', q.ip,
                    'locale', q.locale,
                    'timezone', q.timezone,
                    'screen_width', q.screen_width,
                    'screen_height', q.screen_height,
                    'app_version', q.app_version,
                    'is_bot', q.is_bot,
                    'payload', q.payload
                )
            )
        )
    ) AS raw,
    now64(3, 'UTC') AS inserted_at
FROM ugc.events_queue AS q
WHERE q._error != '' OR NOT has_event_id OR q.event_type = '' OR (q.user_id = '' AND q.anonymous_id = '');

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.events_mv TO ugc.events
AS WITH
    match(q.event_id, '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$') AS has_event_id,
    accurateCastOrNull(toFloat64OrNull(q.key_time), 'Int64') AS key_ms,
    accurateCastOrNull(toFloat64OrNull(q.received_at), 'Int64') AS sent_received_ms,
    accurateCastOrNull(toFloat64OrNull(q.occurred_at), 'Int64') AS occurred_ms,
    toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms,
    toUnixTimestamp64Milli(coalesce(q._timestamp_ms, now64(3, 'UTC'))) AS sent_kafka_ms,
    -- 400 days back, 40 ahead: room for a replay of a year, and 16 months of partitions
    now_ms - 400 * 86400000 AS oldest_ms,
    now_ms + 40 * 86400000 AS newest_ms,
    if(sent_kafka_ms BETWEEN oldest_ms AND newest_ms, sent_kafka_ms, now_ms) AS kafka_ms,
    if(sent_received_ms BETWEEN oldest_ms AND newest_ms, assumeNotNull(sent_received_ms), kafka_ms) AS received_ms
SELECT
    q.event_type AS event_type,
    toUUIDOrZero(q.event_id) AS event_id,
    fromUnixTimestamp64Milli(if(key_ms BETWEEN oldest_ms AND newest_ms, assumeNotNull(key_ms), 0), 'UTC') AS key_time,
    -- from 1970 to the end of 2099, where DateTime64 does not wrap
    fromUnixTimestamp64Milli(
        if(occurred_ms BETWEEN 0 AND 4102444799999, assumeNotNull(occurred_ms), received_ms), 'UTC'
    ) AS occurred_at,
    fromUnixTimestamp64Milli(received_ms, 'UTC') AS received_at,
    if(q.user_id != '', q.user_id, q.anonymous_id) AS identity,
    q.user_id AS user_id,
    q.anonymous_id AS anonymous_id,
    q.session_id AS session_id,
    q.page_url AS page_url,
    q.referrer AS referrer,
    q.user_agent AS user_agent,
    q.ip AS ip,
    q.locale AS locale,
    q.timezone AS timezone,
    accurateCastOrNull(toFloat64OrNull(q.screen_width), 'UInt16') AS screen_width,
    accurateCastOrNull(toFloat64OrNull(q.screen_height), 'UInt16') AS screen_height,
    q.app_version AS app_version,
    q.is_bot IN ('true', '1') AS is_bot,
    if(q.payload = '', '{}', q.payload) AS payload,
    q._topic AS kafka_topic,
    q._partition AS kafka_partition,
    q._offset AS kafka_offset,
    fromUnixTimestamp64Milli(kafka_ms, 'UTC') AS kafka_timestamp,
    now64(3, 'UTC') AS inserted_at
FROM ugc.events_queue AS q
WHERE q._error = '' AND has_event_id AND q.event_type != '' AND (q.user_id != '' OR q.anonymous_id != '');

DROP TABLE IF EXISTS ugc.events_queue;

CREATE TABLE IF NOT EXISTS ugc.events_queue
(
    event_id String,
    event_type String,
    user_id String,
    anonymous_id String,
    session_id String,
    occurred_at String,
    received_at String,
    key_time String,
    page_url String,
    referrer String,
    user_agent String,
    ip String,
    locale String,
    timezone String,
    screen_width String,
    screen_height String,
    app_version String,
    is_bot String,
    payload String
)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = '${UGC_KAFKA_BOOTSTRAP}',
    kafka_topic_list = 'ugc.events',
    kafka_group_name = 'ugc_clickhouse',
    kafka_format = 'JSONEachRow',
    kafka_handle_error_mode = 'stream',
    kafka_flush_interval_ms = 100,
    kafka_poll_timeout_ms = 20,
    kafka_consumer_reschedule_ms = 10,
    kafka_max_block_size = 65536,
    input_format_skip_unknown_fields = 1,
    input_format_null_as_default = 1,
    input_format_json_read_bools_as_strings = 1,
    input_format_json_read_numbers_as_strings = 1,
    input_format_json_read_arrays_as_strings = 1,
    input_format_json_read_objects_as_strings = 1
COMMENT 'Kafka consumer of topic ugc.events, group ugc_clickhouse; read only by its MVs';
