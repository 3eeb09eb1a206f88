-- What:   Events of every type, each event once. One row per event.
-- Why:    everything that happened, whatever its type.
-- Query:  SELECT event_type, count() FROM analytics.events WHERE occurred_at >= today() - 7 GROUP BY event_type
-- Mind:   payload holds the type's own fields as JSON; the view of the type has them as columns. Bots are included:
--         leave them out with NOT is_bot. Filter by occurred_at, which has an index.

CREATE OR REPLACE VIEW analytics.events
(
    event_type LowCardinality(String) COMMENT 'Type of the event, as the API names it',
    event_id UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client''s clock',
    identity String COMMENT 'Who: user_id, else anonymous_id',
    user_id String COMMENT 'Signed-in user, empty when not signed in',
    anonymous_id String COMMENT 'Browser without sign-in, empty when not given',
    session_id String COMMENT 'Session as the client numbers it, empty when not given',
    payload String COMMENT 'Own fields of the type, a JSON object as text: hostile text cannot break an insert as it could with the JSON type',
    page_url String COMMENT 'Page where it happened, empty when not given',
    referrer String COMMENT 'Page that led there, empty when not given',
    user_agent LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    ip String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    locale LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    timezone LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    screen_width Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    screen_height Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    app_version LowCardinality(String) COMMENT 'Version of the front end',
    is_bot Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    received_at DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown',
    kafka_topic LowCardinality(String) COMMENT 'Topic that it was read from',
    kafka_partition UInt64 COMMENT 'Partition of the topic',
    kafka_offset UInt64 COMMENT 'Offset of the message in the partition; one message holds the events of one request',
    kafka_timestamp DateTime64(3, 'UTC') COMMENT 'When the message was produced',
    inserted_at DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    event_type,
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    payload,
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
    received_at,
    kafka_topic,
    kafka_partition,
    kafka_offset,
    kafka_timestamp,
    inserted_at
FROM ugc.events FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
