-- What:   is_bot: the API flags what calls itself a bot (by its user agent); the flag goes from the queue through the
--         landing table to every typed table.
-- Why:    bots are kept, so that a wrong guess loses nothing, and the views that count people leave them out.
-- Query:  SELECT is_bot, count() FROM analytics.events GROUP BY is_bot
-- Mind:   1. The queue is changed as the header of 0012 says: the Kafka table goes first, so that nothing is read while
--            the MVs change; the group keeps its offsets, and the new table goes on where the old one stopped.
--         2. The MVs are changed in place: MODIFY QUERY is one step, with no moment without the MV. Their new text needs
--            a source with the new column, which is the stand-in until the Kafka table takes the name.
--         3. Rows from before have is_bot = false, as have events without the field: the API omits it for people.
--         4. The consumer should have joined its group before this runs; `python -m clickhouse migrate` waits for that.

DROP TABLE IF EXISTS ugc.events_queue;

ALTER TABLE ugc.events
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.clicks
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.page_views
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.page_leaves
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.video_quality_changes
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.video_completions
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.video_progress
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.search_filters
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

ALTER TABLE ugc.custom_events
    ADD COLUMN IF NOT EXISTS is_bot Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)) AFTER app_version;

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

ALTER TABLE ugc.events_errors_mv MODIFY QUERY
WITH
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

ALTER TABLE ugc.events_mv MODIFY QUERY
WITH
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

ALTER TABLE ugc.clicks_mv MODIFY QUERY
SELECT
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
    JSONExtractString(payload, 'element') AS element,
    JSONExtractString(payload, 'element_id') AS element_id,
    JSONExtractString(payload, 'label') AS label,
    JSONExtract(payload, 'x', 'Nullable(UInt32)') AS x,
    JSONExtract(payload, 'y', 'Nullable(UInt32)') AS y
FROM ugc.events
WHERE event_type = 'click';

ALTER TABLE ugc.page_views_mv MODIFY QUERY
SELECT
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
    toUUIDOrZero(JSONExtractString(payload, 'view_id')) AS view_id,
    JSONExtractString(payload, 'page_type') AS page_type,
    JSONExtractString(payload, 'page_id') AS page_id,
    JSONExtractString(payload, 'title') AS title
FROM ugc.events
WHERE event_type = 'page_view';

ALTER TABLE ugc.page_leaves_mv MODIFY QUERY
SELECT
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
    toUUIDOrZero(JSONExtractString(payload, 'view_id')) AS view_id,
    JSONExtractString(payload, 'page_type') AS page_type,
    JSONExtractString(payload, 'page_id') AS page_id,
    JSONExtract(payload, 'dwell_ms', 'Nullable(UInt32)') AS dwell_ms,
    JSONExtract(payload, 'active_ms', 'Nullable(UInt32)') AS active_ms,
    JSONExtract(payload, 'scroll_percent', 'Nullable(UInt8)') AS scroll_percent
FROM ugc.events
WHERE event_type = 'page_leave';

ALTER TABLE ugc.video_quality_changes_mv MODIFY QUERY
SELECT
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
    JSONExtractString(payload, 'from_quality') AS from_quality,
    JSONExtractString(payload, 'to_quality') AS to_quality,
    JSONExtract(payload, 'position_ms', 'Nullable(UInt32)') AS position_ms,
    JSONExtractBool(payload, 'automatic') AS automatic
FROM ugc.events
WHERE event_type = 'video_quality_change';

ALTER TABLE ugc.video_completions_mv MODIFY QUERY
SELECT
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
    JSONExtract(payload, 'duration_ms', 'Nullable(UInt32)') AS duration_ms,
    JSONExtract(payload, 'watched_ms', 'Nullable(UInt32)') AS watched_ms
FROM ugc.events
WHERE event_type = 'video_complete';

ALTER TABLE ugc.video_progress_mv MODIFY QUERY
SELECT
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

ALTER TABLE ugc.search_filters_mv MODIFY QUERY
SELECT
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
    JSONExtractString(payload, 'query') AS query,
    JSONExtract(payload, 'genres', 'Array(LowCardinality(String))') AS genres,
    JSONExtract(payload, 'actors', 'Array(String)') AS actors,
    JSONExtract(payload, 'rating_min', 'Nullable(Float64)') AS rating_min,
    JSONExtract(payload, 'rating_max', 'Nullable(Float64)') AS rating_max,
    JSONExtract(payload, 'year_from', 'Nullable(UInt16)') AS year_from,
    JSONExtract(payload, 'year_to', 'Nullable(UInt16)') AS year_to,
    JSONExtract(payload, 'results_count', 'Nullable(UInt32)') AS results_count
FROM ugc.events
WHERE event_type = 'search_filter';

ALTER TABLE ugc.custom_events_mv MODIFY QUERY
SELECT
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
    if(isValidJSON(payload), JSONExtractString(payload, 'name'), simpleJSONExtractString(payload, 'name')) AS name,
    if(
        isValidJSON(payload),
        if(JSONType(payload, 'properties') = 'Object', JSONExtractRaw(payload, 'properties'), '{}'),
        if(simpleJSONExtractRaw(payload, 'properties') = '', '{}', simpleJSONExtractRaw(payload, 'properties'))
    ) AS properties
FROM ugc.events
WHERE event_type = 'custom';

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
