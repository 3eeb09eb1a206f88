-- What:   the whole schema, as the migrations and the views create it. Generated: do not edit.
-- Query:  python -m clickhouse status --drift     compares a server with it
-- Mind:   after a change of a migration or a view: python -m clickhouse dump --write

CREATE VIEW ugc.activity_days
(
    `day` Date,
    `written_at` DateTime64(3, 'UTC'),
    `counted_at` DateTime64(3, 'UTC'),
    `last_seen_at` DateTime64(3, 'UTC'),
    `is_whole` Nullable(UInt8),
    `events` UInt64,
    `least_events` Int64
)
AS WITH
    now64(3, 'UTC') AS now,
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, last_seen_at, counted_events))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at AS last_seen_at,
                sum(events) AS counted_events
            FROM ugc.activity_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    written.day AS day,
    written.written_at AS written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    written.is_whole AS is_whole,
    written.events AS events,
    toInt64(counted.newest.3) - arraySum(request -> if((request.1) > last_seen_at, request.2, 0), written.requests) AS least_events
FROM ugc.days_written AS written
LEFT JOIN counted ON counted.day = written.day
WHERE (written.day < toDate(now)) AND ((written.written_at > last_seen_at) OR ((last_seen_at >= (counted_at - toIntervalMinute(10))) AND (counted_at <= (now - toIntervalMinute(10)))));

CREATE TABLE ugc.activity_per_day
(
    `day` Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    `identity_hash` UInt64 COMMENT 'cityHash64 of the identity; 0 in the row that only marks the day as counted' CODEC(ZSTD(1)),
    `events` UInt64 COMMENT 'Events of the person on the day' CODEC(T64, ZSTD(1)),
    `signed_in` UInt8 COMMENT '1 when the person was signed in at any of them' CODEC(ZSTD(1)),
    `first_received_at` DateTime64(3, 'UTC') COMMENT 'When the first of them was received' CODEC(T64, ZSTD(1)),
    `refreshed_at` DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    `seen_at` DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
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
SETTINGS deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild', index_granularity = 8192
COMMENT 'Rollup: people and their events by day, for ever';

CREATE VIEW ugc.activity_per_day_live
(
    `day` Date,
    `identity_hash` UInt64,
    `events` UInt64,
    `signed_in` UInt8,
    `first_received_at` DateTime64(3, 'UTC')
)
AS SELECT
    toDate(occurred_at) AS day,
    cityHash64(identity) AS identity_hash,
    toUInt64(count()) AS events,
    max(user_id != '') AS signed_in,
    min(received_at) AS first_received_at
FROM ugc.events
FINAL
WHERE NOT is_bot
GROUP BY
    day,
    identity_hash
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW ugc.activity_per_day_typed
AS SELECT
    toDate(occurred_at) AS day,
    cityHash64(identity) AS identity_hash,
    toUInt64(count()) AS events,
    max(user_id != '') AS signed_in,
    min(received_at) AS first_received_at
FROM merge('ugc', {tables:String})
FINAL
WHERE NOT is_bot
GROUP BY
    day,
    identity_hash
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW ugc.activity_waiting
(
    `day` Date,
    `identity_hash` UInt64,
    `events` UInt64,
    `signed_in` UInt8,
    `first_received_at` DateTime64(3, 'UTC'),
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
AS WITH
    (
        SELECT now64(3, 'UTC')
    ) AS counted_at,
    (
        SELECT groupArray((day, written_at, least_events))
        FROM
        (
            SELECT
                day,
                written_at,
                least_events,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.activity_days
            WHERE is_whole
        )
        WHERE (up_to_here - events) < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    identity_hash,
    events,
    signed_in,
    first_received_at,
    if(is_marker, counted_at - toIntervalMillisecond(1), counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        identity_hash,
        events,
        signed_in,
        first_received_at,
        false AS is_marker
    FROM ugc.activity_per_day_live
    WHERE day IN (
        SELECT arrayJoin(asked.1)
    )
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        0 AS identity_hash,
        0 AS events,
        0 AS signed_in,
        toDateTime64(0, 3, 'UTC') AS first_received_at,
        true AS is_marker
)
QUALIFY sum(events) OVER (PARTITION BY day) >= (its.3);

CREATE TABLE ugc.clicks
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `element` LowCardinality(String) COMMENT 'What was clicked: movie, trailer, category, navigation, other',
    `element_id` String COMMENT 'Its id, empty when not given' CODEC(ZSTD(1)),
    `label` String COMMENT 'Its text, empty when not given' CODEC(ZSTD(1)),
    `x` Nullable(Int32) COMMENT 'Pixels from the left of the page, below 0 beyond its edge' CODEC(ZSTD(1)),
    `y` Nullable(Int32) COMMENT 'Pixels from the top of the page, below 0 beyond its edge' CODEC(ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'click: clicks on the parts of a page';

CREATE TABLE ugc.custom_events
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `name` LowCardinality(String) COMMENT 'Name that the team gave it',
    `properties` String COMMENT 'Its properties, a JSON object as text: read with JSONExtract' CODEC(ZSTD(3)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'custom: events that a product team names itself';

CREATE TABLE ugc.days_requested
(
    `day` Date COMMENT 'Day in UTC that is to be counted again' CODEC(ZSTD(1)),
    `requested_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When' CODEC(T64, ZSTD(1)),
    `came` UInt32 COMMENT 'How many events of the day came late, copies included' CODEC(ZSTD(1)),
    `fewer` UInt32 COMMENT 'How many events turned out to belong to other days' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (day, requested_at)
TTL toDateTime(requested_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'Days that are to be counted again for another reason than a new row';

CREATE VIEW ugc.days_written
(
    `day` Date,
    `written_at` DateTime64(3, 'UTC'),
    `events` UInt64,
    `first_received_at` DateTime64(3, 'UTC'),
    `requests` Array(Tuple(
        DateTime64(3, 'UTC'),
        UInt32)),
    `newest` Tuple(
        DateTime64(3, 'UTC'),
        DateTime64(3, 'UTC'),
        UInt64,
        DateTime64(3, 'UTC')),
    `counted_events` UInt64,
    `fewer` UInt64,
    `first_kept` Nullable(Date),
    `is_whole` Nullable(UInt8)
)
AS WITH
    (
        SELECT max(subtractMonths(subtractDays(toDate(now('UTC')), days), months) + if(months > 0, 6, 3))
        FROM
        (
            SELECT
                toUInt32OrZero(extract(engine_full, ' TTL toDateTime\\(received_at\\) \\+ toIntervalMonth\\((\\d+)\\)')) AS months,
                toUInt32OrZero(extract(engine_full, ' TTL toDateTime\\(received_at\\) \\+ toIntervalDay\\((\\d+)\\)')) AS days
            FROM system.tables
            WHERE (database = 'ugc') AND (name = 'events') AND (position(engine_full, ' TTL ') > 0)
        )
    ) AS first_kept,
    known AS
    (
        SELECT
            toDate(occurred_at) AS day,
            max(inserted_at) AS written_at,
            countIf(NOT is_bot) AS stored,
            minIf(received_at, NOT is_bot) AS first_stored,
            [] AS requests,
            [] AS counts
        FROM ugc.events
        GROUP BY day
        UNION ALL
        SELECT
            day,
            max(requested_at) AS written_at,
            0 AS stored,
            toDateTime64(0, 3, 'UTC') AS first_stored,
            groupArray((requested_at, fewer)) AS requests,
            [] AS counts
        FROM ugc.days_requested
        GROUP BY day
        UNION ALL
        SELECT
            day,
            toDateTime64(0, 3, 'UTC') AS written_at,
            0 AS stored,
            toDateTime64(0, 3, 'UTC') AS first_stored,
            [] AS requests,
            [(refreshed_at, seen_at, sum(events), min(first_received_at))] AS counts
        FROM ugc.activity_per_day
        WHERE refreshed_at <= now64(3, 'UTC')
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
SELECT
    day,
    max(known.written_at) AS written_at,
    sum(known.stored) AS events,
    max(known.first_stored) AS first_received_at,
    groupArrayArray(known.requests) AS requests,
    arrayMax(groupArrayArray(known.counts)) AS newest,
    newest.3 AS counted_events,
    arraySum(request -> if((request.1) > (newest.2), request.2, 0), requests) AS fewer,
    first_kept,
    (day >= first_kept) AND ((events + fewer) >= counted_events) AND ((first_received_at <= (newest.4)) OR (counted_events = 0) OR (fewer > 0)) AS is_whole
FROM known
GROUP BY day;

CREATE TABLE ugc.events
(
    `event_type` LowCardinality(String) COMMENT 'Type of the event, as the API names it',
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `payload` String COMMENT 'Own fields of the type, a JSON object as text: hostile text cannot break an insert as it could with the JSON type' CODEC(ZSTD(3)),
    `kafka_topic` LowCardinality(String) COMMENT 'Topic that it was read from',
    `kafka_partition` UInt64 COMMENT 'Partition of the topic' CODEC(T64, ZSTD(1)),
    `kafka_offset` UInt64 COMMENT 'Offset of the message in the partition; one message holds the events of one request' CODEC(T64, ZSTD(1)),
    `kafka_timestamp` DateTime64(3, 'UTC') COMMENT 'When the message was produced' CODEC(T64, ZSTD(1)),
    `inserted_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When ClickHouse wrote it' CODEC(T64, ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1,
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild', index_granularity = 8192
COMMENT 'Landing: every valid event of every type';

CREATE TABLE ugc.events_errors
(
    `kafka_timestamp` DateTime64(3, 'UTC') COMMENT 'When the message was produced; 1970 when that is unknown or not plausible' CODEC(T64, ZSTD(1)),
    `kafka_topic` LowCardinality(String) COMMENT 'Topic that it was read from',
    `kafka_partition` UInt64 COMMENT 'Partition of the topic' CODEC(T64, ZSTD(1)),
    `kafka_offset` UInt64 COMMENT 'Offset of the message in the partition' CODEC(T64, ZSTD(1)),
    `error` String COMMENT 'Why it was refused' CODEC(ZSTD(1)),
    `raw` String COMMENT 'The bytes of the message, or the refused line' CODEC(ZSTD(3)),
    `inserted_at` DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote it' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(inserted_at)
PARTITION BY toYYYYMM(kafka_timestamp)
ORDER BY (kafka_timestamp, kafka_topic, kafka_partition, kafka_offset, cityHash64(raw))
TTL toDateTime(inserted_at) + toIntervalDay(${UGC_RETENTION_ERRORS_DAYS})
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 8192
COMMENT 'Messages and lines that could not become an event';

CREATE TABLE ugc.events_late
(
    `event_type` LowCardinality(String) COMMENT 'Type of the event',
    `event_id` UUID COMMENT 'Identifies the event',
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it',
    `identity` String COMMENT 'Who'
)
ENGINE = `Null`
COMMENT 'Events that are written late, on their way to days_requested; keeps nothing';

CREATE VIEW ugc.films_days
(
    `day` Date,
    `written_at` DateTime64(3, 'UTC'),
    `counted_at` DateTime64(3, 'UTC'),
    `last_seen_at` DateTime64(3, 'UTC'),
    `is_whole` Nullable(UInt8),
    `events` UInt64,
    `least_events` Int64
)
AS WITH
    now64(3, 'UTC') AS now,
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, last_seen_at, counted_events))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at AS last_seen_at,
                (sum(page_views) + sum(completions)) + sum(heartbeats) AS counted_events
            FROM ugc.films_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    written.day AS day,
    written.written_at AS written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    written.is_whole AS is_whole,
    written.events AS events,
    toInt64(counted.newest.3) - arraySum(request -> if((request.1) > last_seen_at, request.2, 0), written.requests) AS least_events
FROM ugc.days_written AS written
LEFT JOIN counted ON counted.day = written.day
WHERE (written.day < toDate(now)) AND ((written.written_at > last_seen_at) OR ((last_seen_at >= (counted_at - toIntervalMinute(10))) AND (counted_at <= (now - toIntervalMinute(10)))));

CREATE TABLE ugc.films_per_day
(
    `day` Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    `movie_id` String COMMENT 'Film; empty in the row that only marks the day as counted' CODEC(ZSTD(1)),
    `page_views` UInt64 COMMENT 'How often its page was opened' CODEC(T64, ZSTD(1)),
    `active_users` UInt64 COMMENT 'People who watched it: at least one heartbeat or completion' CODEC(T64, ZSTD(1)),
    `completions` UInt64 COMMENT 'How often it was watched to the end' CODEC(T64, ZSTD(1)),
    `completed_watched_ms` UInt64 COMMENT 'Milliseconds watched, as the completions tell' CODEC(T64, ZSTD(1)),
    `heartbeats` UInt64 COMMENT 'Heartbeats of the player' CODEC(T64, ZSTD(1)),
    `buffering_heartbeats` UInt64 COMMENT 'Heartbeats while the player waited for data' CODEC(T64, ZSTD(1)),
    `buffering_users` UInt64 COMMENT 'People with at least one of those' CODEC(T64, ZSTD(1)),
    `refreshed_at` DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    `seen_at` DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            (sum(page_views) + sum(completions)) + sum(heartbeats) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, movie_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild', index_granularity = 8192
COMMENT 'Rollup: films by day, for ever';

CREATE VIEW ugc.films_per_day_live
(
    `day` Date,
    `movie_id` String,
    `page_views` UInt64,
    `active_users` UInt64,
    `completions` UInt64,
    `completed_watched_ms` UInt64,
    `heartbeats` UInt64,
    `buffering_heartbeats` UInt64,
    `buffering_users` UInt64
)
AS WITH
    heartbeats AS
    (
        SELECT
            toDate(occurred_at) AS day,
            movie_id,
            cityHash64(identity) AS person,
            'heartbeat' AS kind,
            state = 'buffering' AS buffering,
            0 AS watched
        FROM ugc.video_progress
        FINAL
        WHERE NOT is_bot
    ),
    completions AS
    (
        SELECT
            toDate(occurred_at) AS day,
            movie_id,
            cityHash64(identity) AS person,
            'completion' AS kind,
            0 AS buffering,
            ifNull(watched_ms, 0) AS watched
        FROM ugc.video_completions
        FINAL
        WHERE NOT is_bot
    ),
    page_views AS
    (
        SELECT
            toDate(occurred_at) AS day,
            page_id AS movie_id,
            cityHash64(identity) AS person,
            'page' AS kind,
            0 AS buffering,
            0 AS watched
        FROM ugc.page_views
        FINAL
        WHERE (page_type = 'movie') AND (page_id != '') AND (NOT is_bot)
    )
SELECT
    day,
    movie_id,
    toUInt64(countIf(kind = 'page')) AS page_views,
    toUInt64(uniqExactIf(person, kind != 'page')) AS active_users,
    toUInt64(countIf(kind = 'completion')) AS completions,
    toUInt64(sum(watched)) AS completed_watched_ms,
    toUInt64(countIf(kind = 'heartbeat')) AS heartbeats,
    toUInt64(sum(buffering)) AS buffering_heartbeats,
    toUInt64(uniqExactIf(person, buffering = 1)) AS buffering_users
FROM
(
    SELECT *
    FROM heartbeats
    UNION ALL
    SELECT *
    FROM completions
    UNION ALL
    SELECT *
    FROM page_views
)
GROUP BY
    day,
    movie_id
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW ugc.films_waiting
(
    `day` Date,
    `movie_id` String,
    `page_views` UInt64,
    `active_users` UInt64,
    `completions` UInt64,
    `completed_watched_ms` UInt64,
    `heartbeats` UInt64,
    `buffering_heartbeats` UInt64,
    `buffering_users` UInt64,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
AS WITH
    (
        SELECT now64(3, 'UTC')
    ) AS counted_at,
    (
        SELECT groupArray((day, written_at, least_events))
        FROM
        (
            SELECT
                day,
                written_at,
                least_events,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.films_days
            WHERE is_whole
        )
        WHERE (up_to_here - events) < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    movie_id,
    page_views,
    active_users,
    completions,
    completed_watched_ms,
    heartbeats,
    buffering_heartbeats,
    buffering_users,
    if(is_marker, counted_at - toIntervalMillisecond(1), counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        movie_id,
        page_views,
        active_users,
        completions,
        completed_watched_ms,
        heartbeats,
        buffering_heartbeats,
        buffering_users,
        false AS is_marker
    FROM ugc.films_per_day_live
    WHERE day IN (
        SELECT arrayJoin(asked.1)
    )
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        '' AS movie_id,
        0 AS page_views,
        0 AS active_users,
        0 AS completions,
        0 AS completed_watched_ms,
        0 AS heartbeats,
        0 AS buffering_heartbeats,
        0 AS buffering_users,
        true AS is_marker
)
QUALIFY sum((page_views + completions) + heartbeats) OVER (PARTITION BY day) >= (its.3);

CREATE TABLE ugc.page_leaves
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `view_id` UUID COMMENT 'The opening that ends here; the page_view carries the same' CODEC(ZSTD(1)),
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `page_id` String COMMENT 'Id of the page, empty when not given' CODEC(ZSTD(1)),
    `dwell_ms` Nullable(UInt32) COMMENT 'Milliseconds from opening to leaving' CODEC(ZSTD(1)),
    `active_ms` Nullable(UInt32) COMMENT 'Milliseconds of it in which the page was visible' CODEC(ZSTD(1)),
    `scroll_percent` Nullable(UInt8) COMMENT 'How far down the page was seen, 0 to 100' CODEC(ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'page_leave: pages that were left';

CREATE TABLE ugc.page_views
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `view_id` UUID COMMENT 'One opening of the page; the page_leave of it carries the same' CODEC(ZSTD(1)),
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `page_id` String COMMENT 'Id of the page, empty when not given' CODEC(ZSTD(1)),
    `title` String COMMENT 'Title of the page, empty when not given' CODEC(ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'page_view: pages that were opened';

CREATE VIEW ugc.pages_days
(
    `day` Date,
    `written_at` DateTime64(3, 'UTC'),
    `counted_at` DateTime64(3, 'UTC'),
    `last_seen_at` DateTime64(3, 'UTC'),
    `is_whole` Nullable(UInt8),
    `events` UInt64,
    `least_events` Int64
)
AS WITH
    now64(3, 'UTC') AS now,
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, last_seen_at, counted_events))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at AS last_seen_at,
                sum(views) + sum(leaves) AS counted_events
            FROM ugc.pages_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    written.day AS day,
    written.written_at AS written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    written.is_whole AS is_whole,
    written.events AS events,
    toInt64(counted.newest.3) - arraySum(request -> if((request.1) > last_seen_at, request.2, 0), written.requests) AS least_events
FROM ugc.days_written AS written
LEFT JOIN counted ON counted.day = written.day
WHERE (written.day < toDate(now)) AND ((written.written_at > last_seen_at) OR ((last_seen_at >= (counted_at - toIntervalMinute(10))) AND (counted_at <= (now - toIntervalMinute(10)))));

CREATE TABLE ugc.pages_per_day
(
    `day` Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    `page_type` LowCardinality(String) COMMENT 'Kind of page; empty in the row that only marks the day as counted',
    `page_id` String COMMENT 'Id of the page, empty when not given' CODEC(ZSTD(1)),
    `views` UInt64 COMMENT 'How often it was opened' CODEC(T64, ZSTD(1)),
    `active_users` UInt64 COMMENT 'People who opened it' CODEC(T64, ZSTD(1)),
    `leaves` UInt64 COMMENT 'How often it was left' CODEC(T64, ZSTD(1)),
    `dwell_ms` UInt64 COMMENT 'Milliseconds from opening to leaving, of all leaves' CODEC(T64, ZSTD(1)),
    `active_ms` UInt64 COMMENT 'Milliseconds of them while the page was visible, where the client says so' CODEC(T64, ZSTD(1)),
    `refreshed_at` DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    `seen_at` DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(views) + sum(leaves) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, page_type, page_id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild', index_granularity = 8192
COMMENT 'Rollup: pages by day, for ever';

CREATE VIEW ugc.pages_per_day_live
(
    `day` Date,
    `page_type` LowCardinality(String),
    `page_id` String,
    `views` UInt64,
    `active_users` UInt64,
    `leaves` UInt64,
    `dwell_ms` UInt64,
    `active_ms` UInt64
)
AS WITH
    opened AS
    (
        SELECT
            toDate(occurred_at) AS day,
            page_type,
            page_id,
            cityHash64(identity) AS opened_by,
            NULL AS dwell,
            NULL AS active
        FROM ugc.page_views
        FINAL
        WHERE NOT is_bot
    ),
    closed AS
    (
        SELECT
            toDate(occurred_at) AS day,
            page_type,
            page_id,
            NULL AS opened_by,
            ifNull(dwell_ms, 0) AS dwell,
            active_ms AS active
        FROM ugc.page_leaves
        FINAL
        WHERE NOT is_bot
    )
SELECT
    day,
    page_type,
    page_id,
    toUInt64(count(opened_by)) AS views,
    toUInt64(uniqExact(opened_by)) AS active_users,
    toUInt64(count(dwell)) AS leaves,
    toUInt64(ifNull(sum(dwell), 0)) AS dwell_ms,
    toUInt64(ifNull(sum(active), 0)) AS active_ms
FROM
(
    SELECT *
    FROM opened
    UNION ALL
    SELECT *
    FROM closed
)
GROUP BY
    day,
    page_type,
    page_id
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW ugc.pages_waiting
(
    `day` Date,
    `page_type` String,
    `page_id` String,
    `views` UInt64,
    `active_users` UInt64,
    `leaves` UInt64,
    `dwell_ms` UInt64,
    `active_ms` UInt64,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
AS WITH
    (
        SELECT now64(3, 'UTC')
    ) AS counted_at,
    (
        SELECT groupArray((day, written_at, least_events))
        FROM
        (
            SELECT
                day,
                written_at,
                least_events,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.pages_days
            WHERE is_whole
        )
        WHERE (up_to_here - events) < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms,
    if(is_marker, counted_at - toIntervalMillisecond(1), counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        page_type,
        page_id,
        views,
        active_users,
        leaves,
        dwell_ms,
        active_ms,
        false AS is_marker
    FROM ugc.pages_per_day_live
    WHERE day IN (
        SELECT arrayJoin(asked.1)
    )
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        '' AS page_type,
        '' AS page_id,
        0 AS views,
        0 AS active_users,
        0 AS leaves,
        0 AS dwell_ms,
        0 AS active_ms,
        true AS is_marker
)
QUALIFY sum(views + leaves) OVER (PARTITION BY day) >= (its.3);

CREATE TABLE ugc.search_filters
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `query` String COMMENT 'Text that was searched for, empty when only filters were set' CODEC(ZSTD(1)),
    `genres` Array(LowCardinality(String)) COMMENT 'Genres that were chosen',
    `actors` Array(String) COMMENT 'Actors that were chosen' CODEC(ZSTD(1)),
    `rating_min` Nullable(Float64) COMMENT 'Lowest rating, 0 to 10' CODEC(ZSTD(1)),
    `rating_max` Nullable(Float64) COMMENT 'Highest rating, 0 to 10' CODEC(ZSTD(1)),
    `year_from` Nullable(UInt16) COMMENT 'First year of release' CODEC(ZSTD(1)),
    `year_to` Nullable(UInt16) COMMENT 'Last year of release' CODEC(ZSTD(1)),
    `results_count` Nullable(UInt32) COMMENT 'How many films were found' CODEC(ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'search_filter: searches and their filters';

CREATE VIEW ugc.searches_days
(
    `day` Date,
    `written_at` DateTime64(3, 'UTC'),
    `counted_at` DateTime64(3, 'UTC'),
    `last_seen_at` DateTime64(3, 'UTC'),
    `is_whole` Nullable(UInt8),
    `events` UInt64,
    `least_events` Int64
)
AS WITH
    now64(3, 'UTC') AS now,
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, last_seen_at, counted_events))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at AS last_seen_at,
                sum(searches) AS counted_events
            FROM ugc.searches_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    written.day AS day,
    written.written_at AS written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    written.is_whole AS is_whole,
    written.events AS events,
    toInt64(counted.newest.3) - arraySum(request -> if((request.1) > last_seen_at, request.2, 0), written.requests) AS least_events
FROM ugc.days_written AS written
LEFT JOIN counted ON counted.day = written.day
WHERE (written.day < toDate(now)) AND ((written.written_at > last_seen_at) OR ((last_seen_at >= (counted_at - toIntervalMinute(10))) AND (counted_at <= (now - toIntervalMinute(10)))));

CREATE TABLE ugc.searches_per_day
(
    `day` Date COMMENT 'Day in UTC' CODEC(ZSTD(1)),
    `query` String COMMENT 'Text in lower case, without spaces around it; empty when only filters were set' CODEC(ZSTD(1)),
    `searches` UInt64 COMMENT 'How often it was searched for; 0 in the row that only marks the day as counted' CODEC(T64, ZSTD(1)),
    `active_users` UInt64 COMMENT 'People who searched for it' CODEC(T64, ZSTD(1)),
    `without_results` UInt64 COMMENT 'Searches that found nothing' CODEC(T64, ZSTD(1)),
    `with_known_results` UInt64 COMMENT 'Searches of which the client told how many films were found' CODEC(T64, ZSTD(1)),
    `refreshed_at` DateTime64(3, 'UTC') COMMENT 'When the day was counted; the newest of a day holds' CODEC(ZSTD(1)),
    `seen_at` DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(searches) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYear(day)
ORDER BY (day, query)
SETTINGS deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild', index_granularity = 8192
COMMENT 'Rollup: searches by day and text, for ever';

CREATE VIEW ugc.searches_per_day_live
(
    `day` Date,
    `query` String,
    `searches` UInt64,
    `active_users` UInt64,
    `without_results` UInt64,
    `with_known_results` UInt64
)
AS SELECT
    toDate(occurred_at) AS day,
    lowerUTF8(trimBoth(query)) AS query,
    toUInt64(count()) AS searches,
    toUInt64(uniqExact(cityHash64(identity))) AS active_users,
    toUInt64(countIf(results_count = 0)) AS without_results,
    toUInt64(countIf(results_count IS NOT NULL)) AS with_known_results
FROM ugc.search_filters AS s
FINAL
WHERE NOT is_bot
GROUP BY
    toDate(occurred_at),
    lowerUTF8(trimBoth(s.query))
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW ugc.searches_waiting
(
    `day` Date,
    `query` String,
    `searches` UInt64,
    `active_users` UInt64,
    `without_results` UInt64,
    `with_known_results` UInt64,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
AS WITH
    (
        SELECT now64(3, 'UTC')
    ) AS counted_at,
    (
        SELECT groupArray((day, written_at, least_events))
        FROM
        (
            SELECT
                day,
                written_at,
                least_events,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.searches_days
            WHERE is_whole
        )
        WHERE (up_to_here - events) < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results,
    if(is_marker, counted_at - toIntervalMillisecond(1), counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        query,
        searches,
        active_users,
        without_results,
        with_known_results,
        false AS is_marker
    FROM ugc.searches_per_day_live
    WHERE day IN (
        SELECT arrayJoin(asked.1)
    )
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        '' AS query,
        0 AS searches,
        0 AS active_users,
        0 AS without_results,
        0 AS with_known_results,
        true AS is_marker
)
QUALIFY sum(searches) OVER (PARTITION BY day) >= (its.3);

CREATE TABLE ugc.sessions
(
    `day` Date COMMENT 'Day in UTC on which it began' CODEC(ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id; empty in the row that only marks the day as cut' CODEC(ZSTD(1)),
    `started_at` DateTime64(3, 'UTC') COMMENT 'Its first event' CODEC(T64, ZSTD(1)),
    `ended_at` DateTime64(3, 'UTC') COMMENT 'Its last event' CODEC(T64, ZSTD(1)),
    `events` UInt64 COMMENT 'How many events it has' CODEC(T64, ZSTD(1)),
    `page_views` UInt64 COMMENT 'How many pages were opened' CODEC(T64, ZSTD(1)),
    `entry_page` String COMMENT 'Address of its first page, empty when no event names one' CODEC(ZSTD(1)),
    `exit_page` String COMMENT 'Address of its last page' CODEC(ZSTD(1)),
    `refreshed_at` DateTime64(3, 'UTC') COMMENT 'When the day was cut; the newest of a day holds' CODEC(ZSTD(1)),
    `seen_at` DateTime64(3, 'UTC') COMMENT 'When the day had been written last, as far as this count saw' CODEC(ZSTD(1)),
    PROJECTION counts
    (
        SELECT
            day,
            refreshed_at,
            seen_at,
            sum(events) AS events
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, cityHash64(identity), started_at)
TTL day + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS deduplicate_merge_projection_mode = 'rebuild', lightweight_mutation_projection_mode = 'rebuild', index_granularity = 8192
COMMENT 'Rollup: sessions of people';

CREATE VIEW ugc.sessions_days
(
    `day` Date,
    `written_at` DateTime64(3, 'UTC'),
    `last_written_at` DateTime64(3, 'UTC'),
    `counted_at` DateTime64(3, 'UTC'),
    `last_seen_at` DateTime64(3, 'UTC'),
    `is_whole` Nullable(UInt8),
    `events` UInt64
)
AS WITH
    now64(3, 'UTC') AS now,
    toDate(now) AS today,
    touched AS
    (
        SELECT
            day,
            maxIf(at, (day >= written_day) OR (written_day < today)) AS written_at,
            max(at) AS last_written_at,
            sumIf(written_events, day = written_day) AS events,
            (countIf((day = written_day) AND (NOT whole)) = 0) AND ((day - 1) >= max(kept)) AS is_whole
        FROM
        (
            SELECT
                day AS written_day,
                written_at AS at,
                events AS written_events,
                is_whole AS whole,
                first_kept AS kept
            FROM ugc.days_written
        )
        ARRAY JOIN [written_day - 1, written_day, written_day + 1] AS day
        GROUP BY day
    ),
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, seen_at))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at
            FROM ugc.sessions
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    touched.day AS day,
    touched.written_at AS written_at,
    touched.last_written_at AS last_written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    touched.is_whole AS is_whole,
    touched.events AS events
FROM touched
LEFT JOIN counted ON counted.day = touched.day
WHERE (touched.day < today) AND ((touched.written_at > last_seen_at) OR ((last_seen_at >= (counted_at - toIntervalMinute(10))) AND (counted_at <= (now - toIntervalMinute(10)))));

CREATE VIEW ugc.sessions_of_days
AS WITH
    {days:Array(Date)} AS asked_days,
    arrayConcat(asked_days, arrayMap(day -> (day + 1), asked_days)) AS read_days,
    steps AS
    (
        SELECT
            identity,
            occurred_at,
            event_type = 'page_view' AS is_page_view,
            page_url
        FROM ugc.events
        FINAL
        WHERE ({tables:String} = '') AND (NOT is_bot) AND ((toDate(occurred_at) IN (
            SELECT arrayJoin(read_days)
        )) OR (toDate(occurred_at + toIntervalMinute(30)) IN (
            SELECT arrayJoin(asked_days)
        )))
        UNION ALL
        SELECT
            identity,
            occurred_at,
            _table = 'page_views' AS is_page_view,
            page_url
        FROM merge('ugc', if({tables:String} = '', '^page_views$', {tables:String}))
        FINAL
        WHERE ({tables:String} != '') AND (NOT is_bot) AND ((toDate(occurred_at) IN (
            SELECT arrayJoin(read_days)
        )) OR (toDate(occurred_at + toIntervalMinute(30)) IN (
            SELECT arrayJoin(asked_days)
        )))
    ),
    people AS
    (
        SELECT
            identity,
            arraySort(groupArray((occurred_at, is_page_view, page_url))) AS way,
            arrayMap(step -> toUnixTimestamp64Milli(step.1), way) AS times
        FROM steps
        GROUP BY identity
    ),
    visits AS
    (
        SELECT
            identity,
            visit,
            arrayFilter(page -> (page != ''), visit.3) AS pages
        FROM people
        ARRAY JOIN arraySplit((step, silence) -> (silence > 1800000), way, arrayDifference(times)) AS visit
    )
SELECT
    toDate(started_at) AS day,
    identity,
    (visit[1]).1 AS started_at,
    (visit[-1]).1 AS ended_at,
    toUInt64(length(visit)) AS events,
    toUInt64(arraySum(visit.2)) AS page_views,
    pages[1] AS entry_page,
    pages[-1] AS exit_page
FROM visits
WHERE day IN (
    SELECT arrayJoin(asked_days)
)
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE VIEW ugc.sessions_waiting
(
    `day` Date,
    `identity` String,
    `started_at` DateTime64(3, 'UTC'),
    `ended_at` DateTime64(3, 'UTC'),
    `events` UInt64,
    `page_views` UInt64,
    `entry_page` String,
    `exit_page` String,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
AS WITH
    (
        SELECT now64(3, 'UTC')
    ) AS counted_at,
    (
        SELECT groupArray((day, last_written_at))
        FROM
        (
            SELECT
                day,
                last_written_at,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.sessions_days
            WHERE is_whole
        )
        WHERE (up_to_here - events) < 3000000
    ) AS asked,
    asked.1 AS asked_days,
    arrayConcat(asked_days, arrayMap(day -> (day + 1), asked_days)) AS read_days,
    steps AS
    (
        SELECT
            identity,
            occurred_at,
            event_type = 'page_view' AS is_page_view,
            page_url
        FROM ugc.events
        FINAL
        WHERE (NOT is_bot) AND ((toDate(occurred_at) IN (
            SELECT arrayJoin(read_days)
        )) OR (toDate(occurred_at + toIntervalMinute(30)) IN (
            SELECT arrayJoin(asked_days)
        )))
    ),
    people AS
    (
        SELECT
            identity,
            arraySort(groupArray((occurred_at, is_page_view, page_url))) AS way,
            arrayMap(step -> toUnixTimestamp64Milli(step.1), way) AS times
        FROM steps
        GROUP BY identity
    ),
    visits AS
    (
        SELECT
            identity,
            visit,
            arrayFilter(page -> (page != ''), visit.3) AS pages
        FROM people
        ARRAY JOIN arraySplit((step, silence) -> (silence > 1800000), way, arrayDifference(times)) AS visit
    ),
    found AS
    (
        SELECT
            toDate(started_at) AS day,
            identity,
            (visit[1]).1 AS started_at,
            (visit[-1]).1 AS ended_at,
            toUInt64(length(visit)) AS events,
            toUInt64(arraySum(visit.2)) AS page_views,
            pages[1] AS entry_page,
            pages[-1] AS exit_page,
            false AS is_marker
        FROM visits
        WHERE day IN (
            SELECT arrayJoin(asked_days)
        )
        UNION ALL
        SELECT
            arrayJoin(asked_days) AS day,
            '' AS identity,
            toDateTime64(0, 3, 'UTC') AS started_at,
            toDateTime64(0, 3, 'UTC') AS ended_at,
            0 AS events,
            0 AS page_views,
            '' AS entry_page,
            '' AS exit_page,
            true AS is_marker
    )
SELECT
    day,
    identity,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    exit_page,
    if(is_marker, counted_at - toIntervalMillisecond(1), counted_at) AS refreshed_at,
    (asked[indexOf(asked_days, day)]).2 AS seen_at
FROM found
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE TABLE ugc.video_completions
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `movie_id` LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    `duration_ms` Nullable(UInt32) COMMENT 'Length of the film in milliseconds, NULL when unknown' CODEC(ZSTD(1)),
    `watched_ms` Nullable(UInt32) COMMENT 'Milliseconds of it that were really watched' CODEC(ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'video_complete: films that were watched to the end';

CREATE TABLE ugc.video_progress
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `movie_id` LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    `position_ms` Nullable(UInt32) COMMENT 'Milliseconds from the start of the film' CODEC(ZSTD(1)),
    `duration_ms` Nullable(UInt32) COMMENT 'Length of the film in milliseconds, NULL when unknown' CODEC(ZSTD(1)),
    `state` LowCardinality(String) COMMENT 'playing, paused or buffering',
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'video_progress: the player\'s heartbeat';

CREATE TABLE ugc.video_quality_changes
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one' CODEC(ZSTD(1)),
    `key_time` DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change; sorting key and partition rest on it, analysis does not' CODEC(T64, ZSTD(1)),
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock' CODEC(T64, ZSTD(1)),
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is kept' CODEC(T64, ZSTD(1)),
    `identity` String COMMENT 'Who: user_id, else anonymous_id' CODEC(ZSTD(1)),
    `user_id` String COMMENT 'Signed-in user, empty when not signed in' CODEC(ZSTD(1)),
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given' CODEC(ZSTD(1)),
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given' CODEC(ZSTD(1)),
    `page_url` String COMMENT 'Page where it happened, empty when not given' CODEC(ZSTD(1)),
    `referrer` String COMMENT 'Page that led there, empty when not given' CODEC(ZSTD(1)),
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty' CODEC(ZSTD(1)),
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels' CODEC(ZSTD(1)),
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels' CODEC(ZSTD(1)),
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool DEFAULT false COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out' CODEC(ZSTD(1)),
    `movie_id` LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    `from_quality` LowCardinality(String) COMMENT 'Before: lines of the picture, 1p to 8192p, or auto',
    `to_quality` LowCardinality(String) COMMENT 'After: lines of the picture, 1p to 8192p, or auto',
    `position_ms` Nullable(UInt32) COMMENT 'Milliseconds from the start of the film' CODEC(ZSTD(1)),
    `automatic` Bool COMMENT 'Chosen by the player, not by the viewer' CODEC(ZSTD(1)),
    `precedence` UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(received_at)) COMMENT 'Highest for the copy received first, which is the one that is kept' CODEC(T64, ZSTD(1)),
    INDEX occurred_at_minmax occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(key_time)
ORDER BY (toDate(key_time), cityHash64(identity), event_id)
TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
SETTINGS index_granularity = 8192
COMMENT 'video_quality_change: changes of the picture quality in the player';

CREATE TABLE ugc.view_files
(
    `name` LowCardinality(String) COMMENT 'View of the database analytics',
    `mark` String COMMENT 'Checksum of the files that it was made from; empty when it was dropped',
    `applied_at` DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was made; the newest holds'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
SETTINGS index_granularity = 8192
COMMENT 'Which files the views were made from';

CREATE MATERIALIZED VIEW ugc.activity_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.activity_per_day
(
    `day` Date,
    `identity_hash` UInt64,
    `events` UInt64,
    `signed_in` UInt8,
    `first_received_at` DateTime64(3, 'UTC'),
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    identity_hash,
    events,
    signed_in,
    first_received_at,
    refreshed_at,
    seen_at
FROM ugc.activity_waiting
SETTINGS min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0;

CREATE MATERIALIZED VIEW ugc.clicks_mv TO ugc.clicks
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `element` String,
    `element_id` String,
    `label` String,
    `x` Nullable(Int32),
    `y` Nullable(Int32)
)
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
    JSONExtractString(payload, 'element') AS element,
    JSONExtractString(payload, 'element_id') AS element_id,
    JSONExtractString(payload, 'label') AS label,
    JSONExtract(payload, 'x', 'Nullable(Int32)') AS x,
    JSONExtract(payload, 'y', 'Nullable(Int32)') AS y
FROM ugc.events
WHERE event_type = 'click';

CREATE MATERIALIZED VIEW ugc.custom_events_mv TO ugc.custom_events
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `name` String,
    `properties` String
)
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
    if(isValidJSON(payload), JSONExtractString(payload, 'name'), simpleJSONExtractString(payload, 'name')) AS name,
    if(isValidJSON(payload), if(JSONType(payload, 'properties') = 'Object', JSONExtractRaw(payload, 'properties'), '{}'), if(simpleJSONExtractRaw(payload, 'properties') = '', '{}', simpleJSONExtractRaw(payload, 'properties'))) AS properties
FROM ugc.events
WHERE event_type = 'custom';

CREATE MATERIALIZED VIEW ugc.days_requested_mv TO ugc.days_requested
(
    `day` Date,
    `requested_at` DateTime64(3, 'UTC'),
    `came` UInt64,
    `fewer` UInt64
)
AS WITH
    late AS
    (
        SELECT
            event_id,
            event_type,
            identity,
            min(received_at) AS first_received_at,
            argMin(toDate(occurred_at), received_at) AS first_day
        FROM ugc.events_late
        GROUP BY
            event_id,
            event_type,
            identity
    ),
    others AS
    (
        SELECT
            event_id,
            event_type,
            identity,
            min(received_at) AS other_received_at,
            argMin(toDate(occurred_at), received_at) AS shown_day
        FROM ugc.events
        WHERE (toDate(key_time) IN (
            SELECT toDate(key_time)
            FROM ugc.events_late
        )) AND (event_id IN (
            SELECT event_id
            FROM ugc.events_late
        )) AND ((event_id, received_at) NOT IN (
            SELECT
                event_id,
                received_at
            FROM ugc.events_late
        ))
        GROUP BY
            event_id,
            event_type,
            identity
    )
SELECT
    day,
    now64(3, 'UTC') AS requested_at,
    sum(arrived) AS came,
    sum(moved) AS fewer
FROM
(
    SELECT
        toDate(occurred_at) AS day,
        1 AS arrived,
        0 AS moved
    FROM ugc.events_late
    UNION ALL
    SELECT
        others.shown_day AS day,
        0 AS arrived,
        1 AS moved
    FROM others
    INNER JOIN late USING (event_id, event_type, identity)
    WHERE (others.other_received_at > late.first_received_at) AND (others.shown_day != late.first_day)
)
GROUP BY day;

CREATE MATERIALIZED VIEW ugc.events_errors_mv TO ugc.events_errors
(
    `kafka_timestamp` DateTime64(3, 'UTC'),
    `kafka_topic` LowCardinality(String),
    `kafka_partition` UInt64,
    `kafka_offset` UInt64,
    `error` String,
    `raw` String,
    `inserted_at` DateTime64(3, 'UTC')
)
AS WITH
    match(q.event_id, '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$') AS has_event_id,
    toUnixTimestamp64Milli(coalesce(q._timestamp_ms, toDateTime64(0, 3, 'UTC'))) AS kafka_ms,
    toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms
SELECT
    fromUnixTimestamp64Milli(if((kafka_ms >= (now_ms - (400 * 86400000))) AND (kafka_ms <= (now_ms + (40 * 86400000))), kafka_ms, 0), 'UTC') AS kafka_timestamp,
    q._topic AS kafka_topic,
    q._partition AS kafka_partition,
    q._offset AS kafka_offset,
    multiIf(q._error != '', q._error, NOT has_event_id, 'event_id is missing or no UUID', q.event_type = '', 'event_type is missing', 'identity is missing: neither user_id nor anonymous_id') AS error,
    if(q._error != '', q._raw_message, toJSONString(mapFilter((field, value) -> (value != ''), map('event_id', q.event_id, 'event_type', q.event_type, 'user_id', q.user_id, 'anonymous_id', q.anonymous_id, 'session_id', q.session_id, 'occurred_at', q.occurred_at, 'received_at', q.received_at, 'key_time', q.key_time, 'page_url', q.page_url, 'referrer', q.referrer, 'user_agent', q.user_agent, 'ip', q.ip, 'locale', q.locale, 'timezone', q.timezone, 'screen_width', q.screen_width, 'screen_height', q.screen_height, 'app_version', q.app_version, 'is_bot', q.is_bot, 'payload', q.payload)))) AS raw,
    now64(3, 'UTC') AS inserted_at
FROM ugc.events_queue AS q
WHERE (q._error != '') OR (NOT has_event_id) OR (q.event_type = '') OR ((q.user_id = '') AND (q.anonymous_id = ''));

CREATE MATERIALIZED VIEW ugc.events_late_mv TO ugc.events_late
(
    `event_type` LowCardinality(String),
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String
)
AS SELECT
    event_type,
    event_id,
    key_time,
    occurred_at,
    received_at,
    identity
FROM ugc.events
WHERE received_at < (now64(3, 'UTC') - toIntervalSecond(10));

CREATE MATERIALIZED VIEW ugc.events_mv TO ugc.events
(
    `event_type` String,
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` String,
    `ip` String,
    `locale` String,
    `timezone` String,
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` String,
    `is_bot` UInt8,
    `payload` String,
    `kafka_topic` LowCardinality(String),
    `kafka_partition` UInt64,
    `kafka_offset` UInt64,
    `kafka_timestamp` DateTime64(3, 'UTC'),
    `inserted_at` DateTime64(3, 'UTC')
)
AS WITH
    match(q.event_id, '^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$') AS has_event_id,
    accurateCastOrNull(toFloat64OrNull(q.key_time), 'Int64') AS key_ms,
    accurateCastOrNull(toFloat64OrNull(q.received_at), 'Int64') AS sent_received_ms,
    accurateCastOrNull(toFloat64OrNull(q.occurred_at), 'Int64') AS occurred_ms,
    toUnixTimestamp64Milli(now64(3, 'UTC')) AS now_ms,
    toUnixTimestamp64Milli(coalesce(q._timestamp_ms, now64(3, 'UTC'))) AS sent_kafka_ms,
    now_ms - (400 * 86400000) AS oldest_ms,
    now_ms + (40 * 86400000) AS newest_ms,
    if((sent_kafka_ms >= oldest_ms) AND (sent_kafka_ms <= newest_ms), sent_kafka_ms, now_ms) AS kafka_ms,
    if((sent_received_ms >= oldest_ms) AND (sent_received_ms <= newest_ms), assumeNotNull(sent_received_ms), kafka_ms) AS received_ms
SELECT
    q.event_type AS event_type,
    toUUIDOrZero(q.event_id) AS event_id,
    fromUnixTimestamp64Milli(if((key_ms >= oldest_ms) AND (key_ms <= newest_ms), assumeNotNull(key_ms), 0), 'UTC') AS key_time,
    fromUnixTimestamp64Milli(if((occurred_ms >= 0) AND (occurred_ms <= 4102444799999), assumeNotNull(occurred_ms), received_ms), 'UTC') AS occurred_at,
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
WHERE (q._error = '') AND has_event_id AND (q.event_type != '') AND ((q.user_id != '') OR (q.anonymous_id != ''));

CREATE MATERIALIZED VIEW ugc.films_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.films_per_day
(
    `day` Date,
    `movie_id` String,
    `page_views` UInt64,
    `active_users` UInt64,
    `completions` UInt64,
    `completed_watched_ms` UInt64,
    `heartbeats` UInt64,
    `buffering_heartbeats` UInt64,
    `buffering_users` UInt64,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    movie_id,
    page_views,
    active_users,
    completions,
    completed_watched_ms,
    heartbeats,
    buffering_heartbeats,
    buffering_users,
    refreshed_at,
    seen_at
FROM ugc.films_waiting
SETTINGS min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0;

CREATE MATERIALIZED VIEW ugc.page_leaves_mv TO ugc.page_leaves
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `view_id` UUID,
    `page_type` String,
    `page_id` String,
    `dwell_ms` Nullable(UInt32),
    `active_ms` Nullable(UInt32),
    `scroll_percent` Nullable(UInt8)
)
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
    toUUIDOrZero(JSONExtractString(payload, 'view_id')) AS view_id,
    JSONExtractString(payload, 'page_type') AS page_type,
    JSONExtractString(payload, 'page_id') AS page_id,
    JSONExtract(payload, 'dwell_ms', 'Nullable(UInt32)') AS dwell_ms,
    JSONExtract(payload, 'active_ms', 'Nullable(UInt32)') AS active_ms,
    JSONExtract(payload, 'scroll_percent', 'Nullable(UInt8)') AS scroll_percent
FROM ugc.events
WHERE event_type = 'page_leave';

CREATE MATERIALIZED VIEW ugc.page_views_mv TO ugc.page_views
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `view_id` UUID,
    `page_type` String,
    `page_id` String,
    `title` String
)
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
    toUUIDOrZero(JSONExtractString(payload, 'view_id')) AS view_id,
    JSONExtractString(payload, 'page_type') AS page_type,
    JSONExtractString(payload, 'page_id') AS page_id,
    JSONExtractString(payload, 'title') AS title
FROM ugc.events
WHERE event_type = 'page_view';

CREATE MATERIALIZED VIEW ugc.pages_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.pages_per_day
(
    `day` Date,
    `page_type` String,
    `page_id` String,
    `views` UInt64,
    `active_users` UInt64,
    `leaves` UInt64,
    `dwell_ms` UInt64,
    `active_ms` UInt64,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms,
    refreshed_at,
    seen_at
FROM ugc.pages_waiting
SETTINGS min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0;

CREATE MATERIALIZED VIEW ugc.search_filters_mv TO ugc.search_filters
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `query` String,
    `genres` Array(LowCardinality(String)),
    `actors` Array(String),
    `rating_min` Nullable(Float64),
    `rating_max` Nullable(Float64),
    `year_from` Nullable(UInt16),
    `year_to` Nullable(UInt16),
    `results_count` Nullable(UInt32)
)
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

CREATE MATERIALIZED VIEW ugc.searches_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.searches_per_day
(
    `day` Date,
    `query` String,
    `searches` UInt64,
    `active_users` UInt64,
    `without_results` UInt64,
    `with_known_results` UInt64,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results,
    refreshed_at,
    seen_at
FROM ugc.searches_waiting
SETTINGS min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0;

CREATE MATERIALIZED VIEW ugc.sessions_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.sessions
(
    `day` Date,
    `identity` String,
    `started_at` DateTime64(3, 'UTC'),
    `ended_at` DateTime64(3, 'UTC'),
    `events` UInt64,
    `page_views` UInt64,
    `entry_page` String,
    `exit_page` String,
    `refreshed_at` Nullable(DateTime64(3, 'UTC')),
    `seen_at` DateTime64(3, 'UTC')
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    identity,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    exit_page,
    refreshed_at,
    seen_at
FROM ugc.sessions_waiting
SETTINGS min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0;

CREATE MATERIALIZED VIEW ugc.video_completions_mv TO ugc.video_completions
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `movie_id` String,
    `duration_ms` Nullable(UInt32),
    `watched_ms` Nullable(UInt32)
)
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
    JSONExtract(payload, 'duration_ms', 'Nullable(UInt32)') AS duration_ms,
    JSONExtract(payload, 'watched_ms', 'Nullable(UInt32)') AS watched_ms
FROM ugc.events
WHERE event_type = 'video_complete';

CREATE MATERIALIZED VIEW ugc.video_progress_mv TO ugc.video_progress
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `movie_id` String,
    `position_ms` Nullable(UInt32),
    `duration_ms` Nullable(UInt32),
    `state` String
)
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

CREATE MATERIALIZED VIEW ugc.video_quality_changes_mv TO ugc.video_quality_changes
(
    `event_id` UUID,
    `key_time` DateTime64(3, 'UTC'),
    `occurred_at` DateTime64(3, 'UTC'),
    `received_at` DateTime64(3, 'UTC'),
    `identity` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `page_url` String,
    `referrer` String,
    `user_agent` LowCardinality(String),
    `ip` String,
    `locale` LowCardinality(String),
    `timezone` LowCardinality(String),
    `screen_width` Nullable(UInt16),
    `screen_height` Nullable(UInt16),
    `app_version` LowCardinality(String),
    `is_bot` Bool,
    `movie_id` String,
    `from_quality` String,
    `to_quality` String,
    `position_ms` Nullable(UInt32),
    `automatic` UInt8
)
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
    JSONExtractString(payload, 'from_quality') AS from_quality,
    JSONExtractString(payload, 'to_quality') AS to_quality,
    JSONExtract(payload, 'position_ms', 'Nullable(UInt32)') AS position_ms,
    JSONExtractBool(payload, 'automatic') AS automatic
FROM ugc.events
WHERE event_type = 'video_quality_change';

CREATE TABLE ugc.events_queue
(
    `event_id` String,
    `event_type` String,
    `user_id` String,
    `anonymous_id` String,
    `session_id` String,
    `occurred_at` String,
    `received_at` String,
    `key_time` String,
    `page_url` String,
    `referrer` String,
    `user_agent` String,
    `ip` String,
    `locale` String,
    `timezone` String,
    `screen_width` String,
    `screen_height` String,
    `app_version` String,
    `is_bot` String,
    `payload` String
)
ENGINE = Kafka
SETTINGS kafka_broker_list = '${UGC_KAFKA_BOOTSTRAP}', kafka_topic_list = 'ugc.events', kafka_group_name = 'ugc_clickhouse', kafka_format = 'JSONEachRow', kafka_handle_error_mode = 'stream', kafka_flush_interval_ms = 100, kafka_poll_timeout_ms = 20, kafka_consumer_reschedule_ms = 10, kafka_max_block_size = 65536, input_format_skip_unknown_fields = 1, input_format_null_as_default = 1, input_format_json_read_bools_as_strings = 1, input_format_json_read_numbers_as_strings = 1, input_format_json_read_arrays_as_strings = 1, input_format_json_read_objects_as_strings = 1
COMMENT 'Kafka consumer of topic ugc.events, group ugc_clickhouse; read only by its MVs';

CREATE VIEW analytics.activity_per_day
(
    `day` Date COMMENT 'Day in UTC',
    `identity_hash` UInt64 COMMENT 'Who: cityHash64 of the identity, which is the user_id, else the anonymous_id',
    `events` UInt64 COMMENT 'Events of the person on the day',
    `signed_in` UInt8 COMMENT '1 when the person was signed in at any of them'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    identity_hash,
    events,
    signed_in
FROM ugc.activity_per_day_live
WHERE (day >= yesterday) AND (day <= (yesterday + 1))
UNION ALL
WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    identity_hash,
    events,
    signed_in
FROM ugc.activity_per_day
WHERE (day < yesterday) AND (events > 0) AND ((day, refreshed_at) IN (
    SELECT
        day,
        max(counted_at)
    FROM
    (
        SELECT
            day,
            refreshed_at AS counted_at
        FROM ugc.activity_per_day
        WHERE refreshed_at <= now64(3, 'UTC')
        GROUP BY
            day,
            refreshed_at
    )
    GROUP BY day
)))
COMMENT 'Who was active, and how much. One row per day and person. Yesterday and today are counted when asked, so an event is seen at once; days after today are not shown before they come. Older days were counted before, and are counted again within a minute when an event comes late, however old the day is. They stay when their events are deleted; late_days tells of those that could not be counted again. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.buffering
(
    `day` Date COMMENT 'Day in UTC',
    `movie_id` String COMMENT 'Film',
    `heartbeats` UInt64 COMMENT 'Heartbeats of the player',
    `buffering_heartbeats` UInt64 COMMENT 'Of them, those while it waited for data',
    `buffering_share` Float64 COMMENT 'buffering_heartbeats / heartbeats',
    `active_users` UInt64 COMMENT 'People who watched it',
    `buffering_users` UInt64 COMMENT 'Of them, those who had to wait'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    day,
    movie_id,
    heartbeats,
    buffering_heartbeats,
    buffering_heartbeats / heartbeats AS buffering_share,
    active_users,
    buffering_users
FROM analytics.films_per_day
WHERE heartbeats > 0)
COMMENT 'How often the player waits for data. One row per day and film that was watched. Heartbeats come every few seconds, so their share is close to the share of time. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.click_through
(
    `day` Date COMMENT 'Day in UTC',
    `element` LowCardinality(String) COMMENT 'What was clicked: movie, trailer, category, navigation, other',
    `clicks` UInt64 COMMENT 'How often it was clicked',
    `active_users` UInt64 COMMENT 'People who clicked it',
    `viewers` UInt64 COMMENT 'People who opened any page on the day',
    `click_through` Nullable(Float64) COMMENT 'active_users / viewers, NULL when nobody opened a page'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    clicked AS
    (
        SELECT
            toDate(occurred_at) AS day,
            element,
            count() AS clicks,
            uniqExact(cityHash64(identity)) AS active_users
        FROM analytics.clicks
        WHERE NOT is_bot
        GROUP BY
            day,
            element
    ),
    viewed AS
    (
        SELECT
            toDate(occurred_at) AS day,
            uniqExact(cityHash64(identity)) AS viewers
        FROM analytics.page_views
        WHERE NOT is_bot
        GROUP BY day
    )
SELECT
    clicked.day AS day,
    clicked.element AS element,
    clicked.clicks AS clicks,
    clicked.active_users AS active_users,
    viewed.viewers AS viewers,
    clicked.active_users / nullIf(viewed.viewers, 0) AS click_through
FROM clicked
LEFT JOIN viewed ON viewed.day = clicked.day)
COMMENT 'How many of those who look also click, and on what. One row per day and element that was clicked. Element is the kind: movie, trailer, category, navigation, other. viewers are all people who opened a page on the day; active_users counts a person once for an element however often it is clicked, clicks counts each time. A person who clicks without having opened a page on that day (it was opened before midnight) is in active_users only. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.clicks
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `element` LowCardinality(String) COMMENT 'What was clicked: movie, trailer, category, navigation, other',
    `element_id` String COMMENT 'Its id, empty when not given',
    `label` String COMMENT 'Its text, empty when not given',
    `x` Nullable(Int32) COMMENT 'Pixels from the left of the page, below 0 beyond its edge',
    `y` Nullable(Int32) COMMENT 'Pixels from the top of the page, below 0 beyond its edge',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    element,
    element_id,
    label,
    x,
    y,
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
    received_at
FROM ugc.clicks
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Clicks on the parts of a page, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.completion
(
    `day` Date COMMENT 'Day in UTC',
    `movie_id` LowCardinality(String) COMMENT 'Film',
    `active_users` UInt64 COMMENT 'People who started it',
    `finished_users` UInt64 COMMENT 'Of them, those who finished it, on any day',
    `completion_rate` Float64 COMMENT 'finished_users / active_users'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    viewings AS
    (
        SELECT
            cityHash64(identity) AS person,
            movie_id,
            cityHash64(movie_id) AS movie_hash,
            occurred_at,
            0 AS finished
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            cityHash64(identity) AS person,
            movie_id,
            cityHash64(movie_id) AS movie_hash,
            occurred_at,
            1 AS finished
        FROM analytics.video_completions
        WHERE NOT is_bot
    ),
    people AS
    (
        SELECT
            any(movie_id) AS movie_id,
            toDate(min(occurred_at)) AS day,
            max(finished) AS finished
        FROM viewings
        GROUP BY
            movie_hash,
            person
    )
SELECT
    day,
    movie_id,
    count() AS active_users,
    sum(finished) AS finished_users,
    finished_users / active_users AS completion_rate
FROM people
GROUP BY
    day,
    movie_id)
COMMENT 'How many of those who start a film finish it. One row per film and day on which it was started. The day is that of a person\'s first heartbeat or completion of the film, so each person is counted once for a film, and days can be added up. They may have finished it on a later day. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.consumer_lag
(
    `consumer` String COMMENT 'Consumer, as Kafka knows it',
    `topic` String COMMENT 'Topic',
    `partition` Int32 COMMENT 'Partition of the topic',
    `current_offset` Int64 COMMENT 'Offset of the message that is read next',
    `messages_behind` Nullable(Int64) COMMENT 'Messages in the partition that were not read yet',
    `last_poll_at` DateTime('UTC') COMMENT 'When it last asked for messages',
    `seconds_since_poll` Int64 COMMENT 'Seconds since then',
    `messages_read` UInt64 COMMENT 'Messages since it was made',
    `last_error` String COMMENT 'Its last error, empty when there was none',
    `last_error_at` DateTime('UTC') COMMENT 'When that was; 1970 when there was none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    consumer_id AS consumer,
    assignment.1 AS topic,
    assignment.2 AS partition,
    assignment.3 AS current_offset,
    JSONExtract(rdkafka_stat, 'topics', topic, 'partitions', toString(partition), 'consumer_lag_stored', 'Nullable(Int64)') AS behind_as_stored,
    JSONExtract(rdkafka_stat, 'topics', topic, 'partitions', toString(partition), 'consumer_lag', 'Nullable(Int64)') AS behind_as_committed,
    multiIf(behind_as_stored >= 0, behind_as_stored, behind_as_committed >= 0, behind_as_committed, NULL) AS messages_behind,
    toDateTime(last_poll_time, 'UTC') AS last_poll_at,
    dateDiff('second', last_poll_at, now('UTC')) AS seconds_since_poll,
    num_messages_read AS messages_read,
    exceptions.text[-1] AS last_error,
    toDateTime(exceptions.time[-1], 'UTC') AS last_error_at
FROM system.kafka_consumers
ARRAY JOIN arrayZip(assignments.topic, assignments.partition_id, assignments.current_offset) AS assignment
WHERE (database = 'ugc') AND (`table` = 'events_queue'))
COMMENT 'How far ClickHouse is behind Kafka. One row per consumer and partition that it reads. Messages_behind is what the client library last reported; one message holds the events of one request. It is NULL before the first report, and always unless the server\'s configuration has statistics_interval_ms in <kafka>. No row: the queue is detached, or has not joined its group yet. When seconds_since_poll grows past 60, the consumer hangs: restart ClickHouse.';

CREATE VIEW analytics.custom_events
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `name` LowCardinality(String) COMMENT 'Name that the team gave it',
    `properties` String COMMENT 'Its properties, a JSON object as text: read with JSONExtract',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    name,
    properties,
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
    received_at
FROM ugc.custom_events
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Events that a product team names itself, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.daily_active_users
(
    `day` Date COMMENT 'Day in UTC',
    `active_users` UInt64 COMMENT 'People who did anything',
    `signed_in_users` UInt64 COMMENT 'Of them, those who were signed in',
    `events` UInt64 COMMENT 'What they did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    day,
    count() AS active_users,
    countIf(signed_in = 1) AS signed_in_users,
    sum(events) AS events
FROM analytics.activity_per_day
GROUP BY day)
COMMENT 'People who did anything on a day. One row per day that has events. The count is exact, also for days whose events have been deleted. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.duplicates
(
    `day` Date COMMENT 'Day in UTC',
    `event_type` LowCardinality(String) COMMENT 'Type of the event',
    `stored_rows` UInt64 COMMENT 'Rows that are stored',
    `events` UInt64 COMMENT 'Ids of which the row that was received first is among them',
    `duplicates` UInt64 COMMENT 'stored_rows - events'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    (
        SELECT groupArray(day)
        FROM
        (
            SELECT toDate(key_time) AS day
            FROM ugc.events
            GROUP BY day
            HAVING uniqExact(cityHash64(event_id)) < count()
            SETTINGS optimize_aggregation_in_order = 1
        )
    ) AS days,
    ids AS
    (
        SELECT
            toDate(key_time) AS day,
            event_id
        FROM ugc.events
        WHERE toDate(key_time) IN (
            SELECT arrayJoin(days)
        )
        GROUP BY
            day,
            event_id
        HAVING count() > 1
    ),
    copies AS
    (
        SELECT
            day,
            copy.2 AS event_type,
            countIf(number > 1) AS duplicates
        FROM
        (
            SELECT
                toDate(key_time) AS day,
                event_id,
                arraySort(groupArray((received_at, event_type))) AS copies
            FROM ugc.events
            WHERE (toDate(key_time), event_id) IN (
                SELECT
                    day,
                    event_id
                FROM ids
            )
            GROUP BY
                day,
                event_id
        )
        ARRAY JOIN
            copies AS copy,
            arrayEnumerate(copies) AS number
        GROUP BY
            day,
            event_type
    ),
    stored AS
    (
        SELECT
            toDate(key_time) AS day,
            event_type,
            count() AS stored_rows
        FROM ugc.events
        WHERE toDate(key_time) IN (
            SELECT arrayJoin(days)
        )
        GROUP BY
            day,
            event_type
    )
SELECT
    copies.day AS day,
    copies.event_type AS event_type,
    stored.stored_rows AS stored_rows,
    stored.stored_rows - copies.duplicates AS events,
    copies.duplicates AS duplicates
FROM copies
INNER JOIN stored ON (stored.day = copies.day) AND (stored.event_type = copies.event_type)
WHERE copies.duplicates > 0)
COMMENT 'Rows that are stored under an id that another row has. One row per day and type of event that has any. An id counts once a day, where it was received first. Copies, which have the same type and person, are in no view and go as parts merge. A second event under the same id, of another type or of somebody else, is an event of its own: views show it, and so does this one, for as long as it is stored. The day is that of key_time, on which all copies agree; 1970-01-01 holds events without a plausible time of their own.';

CREATE VIEW analytics.events
(
    `event_type` LowCardinality(String) COMMENT 'Type of the event, as the API names it',
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `payload` String COMMENT 'Own fields of the type, a JSON object as text: hostile text cannot break an insert as it could with the JSON type',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown',
    `kafka_topic` LowCardinality(String) COMMENT 'Topic that it was read from',
    `kafka_partition` UInt64 COMMENT 'Partition of the topic',
    `kafka_offset` UInt64 COMMENT 'Offset of the message in the partition; one message holds the events of one request',
    `kafka_timestamp` DateTime64(3, 'UTC') COMMENT 'When the message was produced',
    `inserted_at` DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
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
FROM ugc.events
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Events of every type, each event once. One row per event. Payload holds the type\'s own fields as JSON; the view of the type has them as columns. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.films_per_day
(
    `day` Date COMMENT 'Day in UTC',
    `movie_id` String COMMENT 'Film',
    `page_views` UInt64 COMMENT 'How often its page was opened',
    `active_users` UInt64 COMMENT 'People who watched it: at least one heartbeat or completion',
    `completions` UInt64 COMMENT 'How often it was watched to the end',
    `completed_watched_ms` UInt64 COMMENT 'Milliseconds watched, as the completions tell',
    `heartbeats` UInt64 COMMENT 'Heartbeats of the player',
    `buffering_heartbeats` UInt64 COMMENT 'Heartbeats while the player waited for data',
    `buffering_users` UInt64 COMMENT 'People with at least one of those'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    movie_id,
    page_views,
    active_users,
    completions,
    completed_watched_ms,
    heartbeats,
    buffering_heartbeats,
    buffering_users
FROM ugc.films_per_day_live
WHERE (day >= yesterday) AND (day <= (yesterday + 1))
UNION ALL
WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    movie_id,
    page_views,
    active_users,
    completions,
    completed_watched_ms,
    heartbeats,
    buffering_heartbeats,
    buffering_users
FROM ugc.films_per_day
WHERE (day < yesterday) AND (movie_id != '') AND ((day, refreshed_at) IN (
    SELECT
        day,
        max(counted_at)
    FROM
    (
        SELECT
            day,
            refreshed_at AS counted_at
        FROM ugc.films_per_day
        WHERE refreshed_at <= now64(3, 'UTC')
        GROUP BY
            day,
            refreshed_at
    )
    GROUP BY day
)))
COMMENT 'How films were watched. One row per day and film. Yesterday and today are counted when asked, so an event is seen at once; days after today are not shown before they come. Older days were counted before, and are counted again within a minute when an event comes late, however old the day is. They stay when their events are deleted; late_days tells of those that could not be counted again. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.funnel
(
    `step` UInt8 COMMENT 'Number of the step, from 1',
    `name` String COMMENT 'The step, as it was given',
    `active_users` UInt64 COMMENT 'People who got to it',
    `share_of_first` Nullable(Float64) COMMENT 'Of those who took the first step',
    `share_of_previous` Nullable(Float64) COMMENT 'Of those who took the step before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    step,
    name,
    active_users,
    share_of_first,
    share_of_previous
FROM `analytics.funnel_of_film`(steps = {steps:Array(String)}, movie_id = '', window_seconds = {window_seconds:UInt64}, since = {since:String}, until = {until:String}))
COMMENT 'How many people take one step after another. One row per step. Steps: 1 to 8 types of events, in order; a step may say more after a colon: click:trailer (element), page_view:movie (page_type), video_progress:playing (state), custom:NAME (name). window_seconds: from the first step to the last. since, until: days in UTC, both included. A person is an identity, counted at every step up to the furthest reached in any one go; one event is one step, and other events may lie in between. For one film: funnel_of_film. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.funnel_of_film
(
    `step` UInt8 COMMENT 'Number of the step, from 1',
    `name` String COMMENT 'The step, as it was given',
    `active_users` UInt64 COMMENT 'People who got to it',
    `share_of_first` Nullable(Float64) COMMENT 'Of those who took the first step',
    `share_of_previous` Nullable(Float64) COMMENT 'Of those who took the step before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    ['click', 'page_view', 'page_leave', 'video_progress', 'video_complete', 'video_quality_change', 'search_filter', 'custom'] AS known_types,
    arrayMap(step -> (splitByChar(':', step)[1]), {steps:Array(String)}) AS types,
    arrayMap(step -> substring(step, length(splitByChar(':', step)[1]) + 2), {steps:Array(String)}) AS details,
    steps_taken AS
    (
        SELECT
            identity,
            occurred_at,
            'click' AS event_type,
            toString(element) AS detail,
            if((element IN ('movie', 'trailer')), element_id, '') AS film
        FROM analytics.clicks
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'page_view',
            toString(page_type),
            if(page_type = 'movie', page_id, '')
        FROM analytics.page_views
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'page_leave',
            toString(page_type),
            if(page_type = 'movie', page_id, '')
        FROM analytics.page_leaves
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'video_progress',
            toString(state),
            toString(movie_id)
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'video_complete',
            '',
            toString(movie_id)
        FROM analytics.video_completions
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'video_quality_change',
            '',
            toString(movie_id)
        FROM analytics.video_quality_changes
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'search_filter',
            '',
            ''
        FROM analytics.search_filters
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'custom',
            toString(name),
            ''
        FROM analytics.custom_events
        WHERE NOT is_bot
    ),
    numbered AS
    (
        SELECT
            cityHash64(identity) AS person,
            toUnixTimestamp64Milli(occurred_at) AS time_ms,
            (event_type = (types[1])) AND (((details[1]) = '') OR (detail = (details[1]))) AS is_1,
            (event_type = (types[2])) AND (((details[2]) = '') OR (detail = (details[2]))) AS is_2,
            (event_type = (types[3])) AND (((details[3]) = '') OR (detail = (details[3]))) AS is_3,
            (event_type = (types[4])) AND (((details[4]) = '') OR (detail = (details[4]))) AS is_4,
            (event_type = (types[5])) AND (((details[5]) = '') OR (detail = (details[5]))) AS is_5,
            (event_type = (types[6])) AND (((details[6]) = '') OR (detail = (details[6]))) AS is_6,
            (event_type = (types[7])) AND (((details[7]) = '') OR (detail = (details[7]))) AS is_7,
            (event_type = (types[8])) AND (((details[8]) = '') OR (detail = (details[8]))) AS is_8
        FROM steps_taken
        WHERE (occurred_at >= toDateTime64({since:String}, 3, 'UTC')) AND (occurred_at < (toDateTime64({until:String}, 3, 'UTC') + toIntervalDay(1))) AND (({movie_id:String} = '') OR (film IN ('', {movie_id:String}))) AND (is_1 OR is_2 OR is_3 OR is_4 OR is_5 OR is_6 OR is_7 OR is_8)
    ),
    people AS
    (
        SELECT windowFunnel({window_seconds:UInt64} * 1000, 'strict_once')(toUInt64(time_ms), is_1, is_2, is_3, is_4, is_5, is_6, is_7, is_8) AS furthest
        FROM numbered
        GROUP BY person
    ),
    reached AS
    (
        SELECT sumForEach(arrayMap(number -> toUInt64(furthest >= number), arrayEnumerate({steps:Array(String)}))) AS users
        FROM people
    ),
    (
        SELECT throwIf((length({steps:Array(String)}) < 1) OR (length({steps:Array(String)}) > 8), 'steps: expected 1 to 8 of them')
    ) AS wrong_number,
    (
        SELECT throwIf(arrayExists(type -> (NOT has(known_types, type)), types), 'steps: expected click, page_view, page_leave, video_progress, video_complete, video_quality_change, search_filter or custom, each alone or with a detail after a colon')
    ) AS wrong_types,
    (
        SELECT throwIf((toString(toDateOrZero({since:String})) != {since:String}) OR (toString(toDateOrZero({until:String})) != {until:String}), 'since, until: expected days such as 2026-11-30')
    ) AS wrong_days
SELECT
    toUInt8(number) AS step,
    {steps:Array(String)}[number] AS name,
    users[number] AS active_users,
    (users[number]) / nullIf(users[1], 0) AS share_of_first,
    if(number = 1, NULL, (users[number]) / nullIf(users[number - 1], 0)) AS share_of_previous
FROM reached
ARRAY JOIN arrayEnumerate({steps:Array(String)}) AS number
WHERE NOT (wrong_number OR wrong_types OR wrong_days))
COMMENT 'How many people take one step after another with one film. One row per step. Like analytics.funnel, but events that name a film count only when it is this one: the movie_id of video events, the element_id of clicks on a movie or a trailer, the page_id of pages of type movie. Events that name no film (searches, custom events, other pages and clicks) count in any case. movie_id \'\' means any film. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.ingestion_errors
(
    `day` Date COMMENT 'Day in UTC',
    `error` String COMMENT 'Kind of error',
    `errors` UInt64 COMMENT 'How many',
    `first_at` DateTime64(3, 'UTC') COMMENT 'When the first message of it was produced',
    `last_at` DateTime64(3, 'UTC') COMMENT 'When the last was',
    `example_topic` LowCardinality(String) COMMENT 'Topic of the last one',
    `example_partition` UInt64 COMMENT 'Its partition',
    `example_offset` UInt64 COMMENT 'Its offset'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    toDate(kafka_timestamp) AS day,
    substring(replaceRegexpAll(replaceRegexpAll(extract(error, '^[^\n]*'), '(\'[^\']*\'|"[^"]*"|`[^`]*`)', '…'), '[0-9]+', '#'), 1, 160) AS error,
    count() AS errors,
    min(kafka_timestamp) AS first_at,
    max(kafka_timestamp) AS last_at,
    argMax(kafka_topic, kafka_timestamp) AS example_topic,
    argMax(kafka_partition, kafka_timestamp) AS example_partition,
    argMax(kafka_offset, kafka_timestamp) AS example_offset
FROM ugc.events_errors AS e
FINAL
GROUP BY
    toDate(kafka_timestamp),
    substring(replaceRegexpAll(replaceRegexpAll(extract(e.error, '^[^\n]*'), '(\'[^\']*\'|"[^"]*"|`[^`]*`)', '…'), '[0-9]+', '#'), 1, 160)
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Messages and lines that could not become an event. One row per day and kind of error. Kinds are error messages without their numbers and quoted parts. The raw bytes are in ugc.events_errors, which only DBAs read: python -m clickhouse errors list. They are kept for UGC_RETENTION_ERRORS_DAYS, 30 unless set otherwise.';

CREATE VIEW analytics.late_days
(
    `day` Date COMMENT 'Day in UTC',
    `late_events` UInt64 COMMENT 'Events that came after the day was counted for the last time, unmerged copies included',
    `written_at` DateTime64(3, 'UTC') COMMENT 'When the last of them was written',
    `counted_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When the day was counted for the last time; NULL when it never was'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    late AS
    (
        SELECT
            day,
            written_at,
            counted_at,
            last_seen_at
        FROM ugc.activity_days
        WHERE (NOT is_whole) AND (written_at > last_seen_at)
    ),
    came AS
    (
        SELECT
            toDate(occurred_at) AS day,
            inserted_at AS came_at,
            1 AS stored,
            0 AS noted
        FROM ugc.events
        WHERE (toDate(occurred_at) IN (
            SELECT day
            FROM late
        )) AND (NOT is_bot)
        UNION ALL
        SELECT
            day,
            requested_at AS came_at,
            0 AS stored,
            came AS noted
        FROM ugc.days_requested
        WHERE day IN (
            SELECT day
            FROM late
        )
    )
SELECT
    late.day AS day,
    toUInt64(greatest(sum(came.stored), sum(came.noted))) AS late_events,
    late.written_at AS written_at,
    nullIf(late.counted_at, toDateTime64(0, 3, 'UTC')) AS counted_at
FROM late
INNER JOIN came ON came.day = late.day
WHERE came.came_at > late.last_seen_at
GROUP BY
    late.day,
    late.written_at,
    late.counted_at
HAVING late_events > 0)
COMMENT 'Days whose numbers lack events that came too late. One row per such day. Activity_per_day, pages_per_day, films_per_day, searches_per_day, sessions and all views made from them lack late_events events of the day; events, and the views of single types, show them as long as they are stored. A day that was never counted, and so is in no view by day, has NULL in counted_at. Bots are left out.';

CREATE VIEW analytics.monthly_active_users
(
    `month` Date COMMENT 'First day of the month, in UTC',
    `active_users` UInt64 COMMENT 'People who did anything',
    `events` UInt64 COMMENT 'What they did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    toStartOfMonth(day) AS month,
    uniqExact(identity_hash) AS active_users,
    sum(events) AS events
FROM analytics.activity_per_day
GROUP BY month)
COMMENT 'People who did anything in a month. One row per calendar month that has events; month is its first day. People come back, so a month is not the sum of its days. The count is exact. The current month is not over. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.new_and_returning_users
(
    `day` Date COMMENT 'Day in UTC',
    `active_users` UInt64 COMMENT 'People who did anything',
    `new_users` UInt64 COMMENT 'Of them, those of whom it is the first day',
    `returning_users` UInt64 COMMENT 'Of them, those seen on a day before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    people AS
    (
        SELECT arraySort(groupArray(day)) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
    ),
    visits AS
    (
        SELECT arrayJoin(arrayMap((d, number) -> (d, number = 1), days, arrayEnumerate(days))) AS visit
        FROM people
    )
SELECT
    visit.1 AS day,
    count() AS active_users,
    countIf((visit.2) = 1) AS new_users,
    countIf((visit.2) = 0) AS returning_users
FROM visits
GROUP BY day)
COMMENT 'Who came for the first time, and who came again. One row per day that has events. New is who was never seen on a day before, as far back as the rollup of activity reaches; somebody who signs in for the first time is a new person. The count is exact. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.page_dwell
(
    `day` Date COMMENT 'Day in UTC',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `leaves` UInt64 COMMENT 'Pages that were left, each once',
    `dwell_ms_p50` Float64 COMMENT 'Median of the milliseconds from opening to leaving',
    `dwell_ms_p90` Float64 COMMENT '90th percentile of them',
    `dwell_ms_p99` Float64 COMMENT '99th percentile of them',
    `active_ms_p50` Nullable(Float64) COMMENT 'Median of the milliseconds while the page was visible',
    `scroll_percent_avg` Nullable(Float64) COMMENT 'Mean of how far it was scrolled, 0 to 100'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH left_pages AS
    (
        SELECT argMax((occurred_at, page_type, dwell_ms, active_ms, scroll_percent), (occurred_at, ifNull(dwell_ms, 0), event_id)) AS leave
        FROM analytics.page_leaves
        WHERE NOT is_bot
        GROUP BY view_id
    )
SELECT
    toDate(leave.1) AS day,
    leave.2 AS page_type,
    count() AS leaves,
    ifNull(quantiles(0.5, 0.9, 0.99)(leave.3) AS dwell, [0., 0., 0.])[1] AS dwell_ms_p50,
    ifNull(dwell, [0., 0., 0.])[2] AS dwell_ms_p90,
    ifNull(dwell, [0., 0., 0.])[3] AS dwell_ms_p99,
    quantile(0.5)(leave.4) AS active_ms_p50,
    avg(leave.5) AS scroll_percent_avg
FROM left_pages
GROUP BY
    day,
    page_type)
COMMENT 'How long people stay on a page. One row per day and page type. A page that is left several times (another tab, and back) counts once, by its last leave. dwell is from opening to leaving; active is the part of it in which the page was visible, which not every client sends. Quantiles are exact up to 8,192 leaves a row, and estimated beyond. Bots are left out.';

CREATE VIEW analytics.page_leaves
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `view_id` UUID COMMENT 'The opening that ends here; the page_view carries the same',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `page_id` String COMMENT 'Id of the page, empty when not given',
    `dwell_ms` Nullable(UInt32) COMMENT 'Milliseconds from opening to leaving',
    `active_ms` Nullable(UInt32) COMMENT 'Milliseconds of it in which the page was visible',
    `scroll_percent` Nullable(UInt8) COMMENT 'How far down the page was seen, 0 to 100',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    view_id,
    page_type,
    page_id,
    dwell_ms,
    active_ms,
    scroll_percent,
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
    received_at
FROM ugc.page_leaves
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Pages that were left, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.page_views
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `view_id` UUID COMMENT 'One opening of the page; the page_leave of it carries the same',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `page_id` String COMMENT 'Id of the page, empty when not given',
    `title` String COMMENT 'Title of the page, empty when not given',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    view_id,
    page_type,
    page_id,
    title,
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
    received_at
FROM ugc.page_views
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Pages that were opened, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.page_visits
(
    `day` Date COMMENT 'Day in UTC',
    `view_id` UUID COMMENT 'One opening of the page',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `opened_at` DateTime64(3, 'UTC') COMMENT 'When it was opened',
    `left_at` Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was left, NULL when not known',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `page_id` String COMMENT 'Id of the page, empty when not given',
    `title` String COMMENT 'Title of the page, empty when not given',
    `dwell_ms` Nullable(UInt32) COMMENT 'Milliseconds from opening to leaving',
    `active_ms` Nullable(UInt32) COMMENT 'Milliseconds of them while the page was visible',
    `scroll_percent` Nullable(UInt8) COMMENT 'How far it was scrolled, 0 to 100'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    toDate(v.occurred_at) AS day,
    v.view_id AS view_id,
    v.identity AS identity,
    v.occurred_at AS opened_at,
    l.left_at AS left_at,
    v.page_type AS page_type,
    v.page_id AS page_id,
    v.title AS title,
    l.dwell_ms AS dwell_ms,
    l.active_ms AS active_ms,
    l.scroll_percent AS scroll_percent
FROM analytics.page_views AS v
LEFT JOIN
(
    SELECT
        view_id,
        last_leave.1 AS left_at,
        last_leave.2 AS dwell_ms,
        last_leave.3 AS active_ms,
        last_leave.4 AS scroll_percent
    FROM
    (
        SELECT
            view_id,
            argMax((toNullable(occurred_at), dwell_ms, active_ms, scroll_percent), (occurred_at, ifNull(dwell_ms, 0), event_id)) AS last_leave
        FROM analytics.page_leaves
        WHERE NOT is_bot
        GROUP BY view_id
    )
) AS l ON l.view_id = v.view_id
WHERE NOT v.is_bot)
COMMENT 'Pages from opening to leaving. One row per page view. A view and its leaves carry the same view_id. A page may be left several times (another tab, and back): left_at and the times are those of its last leave, and NULL without any (a crash, a lost beacon). Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.pages_per_day
(
    `day` Date COMMENT 'Day in UTC',
    `page_type` LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    `page_id` String COMMENT 'Id of the page, empty when not given',
    `views` UInt64 COMMENT 'How often it was opened',
    `active_users` UInt64 COMMENT 'People who opened it',
    `leaves` UInt64 COMMENT 'How often it was left',
    `dwell_ms` UInt64 COMMENT 'Milliseconds from opening to leaving, of all leaves',
    `active_ms` UInt64 COMMENT 'Milliseconds of them while the page was visible, where the client says so'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms
FROM ugc.pages_per_day_live
WHERE (day >= yesterday) AND (day <= (yesterday + 1))
UNION ALL
WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    page_type,
    page_id,
    views,
    active_users,
    leaves,
    dwell_ms,
    active_ms
FROM ugc.pages_per_day
WHERE (day < yesterday) AND (page_type != '') AND ((day, refreshed_at) IN (
    SELECT
        day,
        max(counted_at)
    FROM
    (
        SELECT
            day,
            refreshed_at AS counted_at
        FROM ugc.pages_per_day
        WHERE refreshed_at <= now64(3, 'UTC')
        GROUP BY
            day,
            refreshed_at
    )
    GROUP BY day
)))
COMMENT 'How pages were used. One row per day and page. Yesterday and today are counted when asked, so an event is seen at once; days after today are not shown before they come. Older days were counted before, and are counted again within a minute when an event comes late, however old the day is. They stay when their events are deleted; late_days tells of those that could not be counted again. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.percent_watched
(
    `day` Date COMMENT 'Day in UTC',
    `movie_id` LowCardinality(String) COMMENT 'Film',
    `percent` UInt8 COMMENT 'Boundary: 10, 20 … 100',
    `active_users` UInt64 COMMENT 'People who got that far or further',
    `started_users` UInt64 COMMENT 'People who started it',
    `share` Float64 COMMENT 'active_users / started_users'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    viewings AS
    (
        SELECT
            cityHash64(identity) AS person,
            movie_id,
            cityHash64(movie_id) AS movie_hash,
            occurred_at,
            toUInt8(least(100, ifNull(intDiv(100 * toUInt64(position_ms), nullIf(toUInt64(duration_ms), 0)), 0))) AS reached
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            cityHash64(identity) AS person,
            movie_id,
            cityHash64(movie_id) AS movie_hash,
            occurred_at,
            toUInt8(100) AS reached
        FROM analytics.video_completions
        WHERE NOT is_bot
    ),
    people AS
    (
        SELECT
            any(movie_id) AS movie_id,
            toDate(min(occurred_at)) AS day,
            max(reached) AS furthest
        FROM viewings
        GROUP BY
            movie_hash,
            person
    ),
    films AS
    (
        SELECT
            day,
            movie_id,
            count() AS started_users,
            sumForEach(arrayMap(boundary -> toUInt64(furthest >= boundary), range(10, 101, 10))) AS reached_users
        FROM people
        GROUP BY
            day,
            movie_id
    )
SELECT
    day,
    movie_id,
    toUInt8(10 * number) AS percent,
    users AS active_users,
    started_users,
    active_users / started_users AS share
FROM films
ARRAY JOIN
    reached_users AS users,
    arrayEnumerate(reached_users) AS number)
COMMENT 'How far people get in a film. One row per film, day on which it was started, and boundary: 10, 20 … 100 percent. How far is the furthest position of the player, skipping included; a completion is 100. The day is that of a person\'s first heartbeat or completion of the film, so each person is counted once for a film, and days can be added up. Heartbeats without position or length count as a start only. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.pipeline_freshness
(
    `event_type` LowCardinality(String) COMMENT 'Type of the event',
    `last_inserted_at` DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote the last one',
    `last_received_at` DateTime64(3, 'UTC') COMMENT 'When the API received the last one',
    `seconds_since_last` Int64 COMMENT 'Seconds since the last write',
    `events_last_hour` UInt64 COMMENT 'Rows written in the last hour',
    `events_last_day` UInt64 COMMENT 'Rows written in the last 24 hours',
    `lag_ms_p50` Nullable(Float64) COMMENT 'Median of the milliseconds from receipt to write',
    `lag_ms_p99` Nullable(Float64) COMMENT '99th percentile of them'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_type,
    max(inserted_at) AS last_inserted_at,
    max(received_at) AS last_received_at,
    dateDiff('second', max(inserted_at), now64(3, 'UTC')) AS seconds_since_last,
    countIf(inserted_at >= (now() - toIntervalHour(1))) AS events_last_hour,
    count() AS events_last_day,
    quantileIfOrNull(0.5)(dateDiff('millisecond', received_at, inserted_at), inserted_at >= (now() - toIntervalHour(1))) AS lag_ms_p50,
    quantileIfOrNull(0.99)(dateDiff('millisecond', received_at, inserted_at), inserted_at >= (now() - toIntervalHour(1))) AS lag_ms_p99
FROM ugc.events
WHERE inserted_at >= (now() - toIntervalDay(1))
GROUP BY event_type)
COMMENT 'How fresh the data is. One row per event type that was seen in the last 24 hours. Lag is from the API\'s receipt to ClickHouse\'s write, over the last hour; NULL when there was nothing. Bots count, and a repeated event may count twice until a merge: this is about the flow, and has to be cheap.';

CREATE VIEW analytics.quality_changes
(
    `day` Date COMMENT 'Day in UTC',
    `movie_id` LowCardinality(String) COMMENT 'Film',
    `from_quality` LowCardinality(String) COMMENT 'Before: 1p to 8192p, or auto',
    `to_quality` LowCardinality(String) COMMENT 'After: 1p to 8192p, or auto',
    `automatic` Bool COMMENT 'Done by the player, not by hand',
    `direction` String COMMENT 'up, down, same, or unknown',
    `changes` UInt64 COMMENT 'How often',
    `active_users` UInt64 COMMENT 'People to whom it happened'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    toDate(occurred_at) AS day,
    movie_id,
    from_quality,
    to_quality,
    automatic,
    multiIf((from_quality != to_quality) AND ('auto' IN (from_quality, to_quality)), 'unknown', toUInt16OrZero(trimRight(to_quality, 'p')) > toUInt16OrZero(trimRight(from_quality, 'p')), 'up', toUInt16OrZero(trimRight(to_quality, 'p')) < toUInt16OrZero(trimRight(from_quality, 'p')), 'down', 'same') AS direction,
    count() AS changes,
    uniqExact(cityHash64(identity)) AS active_users
FROM analytics.video_quality_changes
WHERE NOT is_bot
GROUP BY
    day,
    movie_id,
    from_quality,
    to_quality,
    automatic)
COMMENT 'Changes of the picture quality. One row per day, film, quality before, quality after, and whether the player made it. Direction is unknown where one of the two is auto. active_users of several rows must not be added up. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.retention
(
    `cohort` Date COMMENT 'Day in UTC on which its people were seen first',
    `day_number` UInt16 COMMENT 'Days after it; 0 is the day itself',
    `cohort_users` UInt64 COMMENT 'People of the cohort',
    `active_users` UInt64 COMMENT 'Of them, those who came on that day',
    `share` Float64 COMMENT 'active_users / cohort_users',
    `is_over` Bool COMMENT 'Whether the day is over; the figures of a day that is not can still rise'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    (
        SELECT throwIf((toString(toDateOrZero({since:String})) != {since:String}) OR (toString(toDateOrZero({until:String})) != {until:String}), 'since, until: expected days such as 2026-11-30')
    ) AS wrong_days,
    toDate(now('UTC')) AS this_day,
    people AS
    (
        SELECT groupArray(day) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
        HAVING (min(day) >= toDateOrZero({since:String})) AND (min(day) <= toDateOrZero({until:String}))
    ),
    cohorts AS
    (
        SELECT
            arrayMin(days) AS cohort,
            count() AS cohort_users,
            sumMap(arrayMap(day -> toUInt16(day - cohort), days), arrayMap(day -> toUInt64(1), days)) AS came
        FROM people
        WHERE NOT wrong_days
        GROUP BY cohort
    )
SELECT
    cohort,
    toUInt16(number) AS day_number,
    cohort_users,
    (came.2)[indexOf(came.1, day_number)] AS active_users,
    active_users / cohort_users AS share,
    CAST((cohort + day_number) < this_day, 'Bool') AS is_over
FROM cohorts
ARRAY JOIN range(toUInt64(greatest(this_day - cohort, 0)) + 1) AS number)
COMMENT 'Who comes back after the first day. One row per day on which people came first (cohort) and number of days after it. Since and until bound the cohorts, both included. A cohort has a row for every day from its first to today, also for those on which nobody of it came, so that averages over cohorts are right. Today is not over: is_over says so. New is who was never seen before, as far back as the rollup of activity reaches. The count is exact. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.search_filters
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `query` String COMMENT 'Text that was searched for, empty when only filters were set',
    `genres` Array(LowCardinality(String)) COMMENT 'Genres that were chosen',
    `actors` Array(String) COMMENT 'Actors that were chosen',
    `rating_min` Nullable(Float64) COMMENT 'Lowest rating, 0 to 10',
    `rating_max` Nullable(Float64) COMMENT 'Highest rating, 0 to 10',
    `year_from` Nullable(UInt16) COMMENT 'First year of release',
    `year_to` Nullable(UInt16) COMMENT 'Last year of release',
    `results_count` Nullable(UInt32) COMMENT 'How many films were found',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    query,
    genres,
    actors,
    rating_min,
    rating_max,
    year_from,
    year_to,
    results_count,
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
    received_at
FROM ugc.search_filters
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Searches and their filters, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.search_filters_used
(
    `day` Date COMMENT 'Day in UTC',
    `filter` String COMMENT 'Kind of filter: genre, actor, rating, years',
    `value` String COMMENT 'What was chosen',
    `searches` UInt64 COMMENT 'Searches with it',
    `active_users` UInt64 COMMENT 'People who searched with it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    toDate(occurred_at) AS day,
    chosen.1 AS filter,
    chosen.2 AS value,
    count() AS searches,
    uniqExact(cityHash64(identity)) AS active_users
FROM analytics.search_filters
ARRAY JOIN arrayConcat(arrayMap(genre -> ('genre', genre), arrayDistinct(arrayMap(genre -> lowerUTF8(trimBoth(toString(genre))), genres))), arrayMap(actor -> ('actor', actor), arrayDistinct(arrayMap(actor -> lowerUTF8(trimBoth(actor)), actors))), if((rating_min IS NULL) AND (rating_max IS NULL), [], [('rating', concat(ifNull(toString(rating_min), ''), '-', ifNull(toString(rating_max), '')))]), if((year_from IS NULL) AND (year_to IS NULL), [], [('years', concat(ifNull(toString(year_from), ''), '-', ifNull(toString(year_to), '')))])) AS chosen
WHERE NOT is_bot
GROUP BY
    day,
    filter,
    value)
COMMENT 'Which filters people set. One row per day, kind of filter and its value. Filter is genre, actor, rating or years. Values are in lower case, without spaces around them. A search with two genres is in two rows. Ratings and years are ranges as text, open where there is no bound: 7-, -1999, 1990-1999. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.searches_per_day
(
    `day` Date COMMENT 'Day in UTC',
    `query` String COMMENT 'Text in lower case, without spaces around it; empty when only filters were set',
    `searches` UInt64 COMMENT 'How often it was searched for',
    `active_users` UInt64 COMMENT 'People who searched for it',
    `without_results` UInt64 COMMENT 'Searches that found nothing',
    `with_known_results` UInt64 COMMENT 'Searches of which the client told how many films were found'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results
FROM ugc.searches_per_day_live
WHERE (day >= yesterday) AND (day <= (yesterday + 1))
UNION ALL
WITH (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday
SELECT
    day,
    query,
    searches,
    active_users,
    without_results,
    with_known_results
FROM ugc.searches_per_day
WHERE (day < yesterday) AND (searches > 0) AND ((day, refreshed_at) IN (
    SELECT
        day,
        max(counted_at)
    FROM
    (
        SELECT
            day,
            refreshed_at AS counted_at
        FROM ugc.searches_per_day
        WHERE refreshed_at <= now64(3, 'UTC')
        GROUP BY
            day,
            refreshed_at
    )
    GROUP BY day
)))
COMMENT 'What was searched for. One row per day and text. Yesterday and today are counted when asked, so an event is seen at once; days after today are not shown before they come. Older days were counted before, and are counted again within a minute when an event comes late, however old the day is. They stay when their events are deleted; late_days tells of those that could not be counted again. Texts are in lower case, without spaces around them; an empty one means that only filters were set. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.searches_without_results
(
    `day` Date COMMENT 'Day in UTC',
    `query` String COMMENT 'Text that was searched for',
    `searches` UInt64 COMMENT 'How often it was searched for',
    `without_results` UInt64 COMMENT 'Of them, those that found nothing',
    `active_users` UInt64 COMMENT 'People who searched for it',
    `without_results_share` Float64 COMMENT 'Of the searches of which the client told how much was found, the share that found nothing'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    day,
    query,
    searches,
    without_results,
    active_users,
    without_results / with_known_results AS without_results_share
FROM analytics.searches_per_day
WHERE without_results > 0)
COMMENT 'What people searched for and did not find. One row per day and text that found nothing at least once. Texts are in lower case, without spaces around them; an empty one means that only filters were set. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.sessions
(
    `day` Date COMMENT 'Day in UTC',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `started_at` DateTime64(3, 'UTC') COMMENT 'Its first event',
    `ended_at` DateTime64(3, 'UTC') COMMENT 'Its last event',
    `duration_ms` UInt64 COMMENT 'Milliseconds from the first event to the last; 0 for a single event',
    `events` UInt64 COMMENT 'How many events it has',
    `page_views` UInt64 COMMENT 'How many pages were opened',
    `entry_page` String COMMENT 'Address of its first page, empty when no event names one',
    `exit_page` String COMMENT 'Address of its last page'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    (
        SELECT toDate(now('UTC')) - 1
    ) AS yesterday,
    once AS
    (
        SELECT
            day,
            identity,
            started_at,
            ended_at,
            events,
            page_views,
            entry_page,
            exit_page
        FROM `ugc.sessions_of_days`(days = [toDate(now('UTC')) - 1, toDate(now('UTC'))], tables = '')
        WHERE day >= yesterday
        UNION ALL
        SELECT
            day,
            identity,
            started_at,
            ended_at,
            events,
            page_views,
            entry_page,
            exit_page
        FROM ugc.sessions
        FINAL
        WHERE (identity != '') AND (day < yesterday) AND ((day, refreshed_at) IN (
            SELECT
                day,
                max(counted_at)
            FROM
            (
                SELECT
                    day,
                    refreshed_at AS counted_at
                FROM ugc.sessions
                WHERE refreshed_at <= now64(3, 'UTC')
                GROUP BY
                    day,
                    refreshed_at
            )
            GROUP BY day
        ))
    )
SELECT
    day,
    identity,
    started_at,
    ended_at,
    toUInt64(dateDiff('millisecond', started_at, ended_at)) AS duration_ms,
    events,
    page_views,
    entry_page,
    exit_page
FROM once
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Visits of people, each from its first event to its last: a silence of more than 30 minutes ends it. One row per session. Made from the times of events alone: session_id is the client\'s idea of a session and may be missing. A session belongs to the day on which it began, and may go on after midnight, to the end of the next day. Entry and exit are the first and the last page that an event names. Those of yesterday and today are made when asked; those of older days were made before, and are made again within a minute when an event comes late. They are kept for 25 months. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.stickiness
(
    `day` Date COMMENT 'Day in UTC',
    `active_users` UInt64 COMMENT 'People who did anything on the day',
    `active_users_7d` UInt64 COMMENT 'People on this day and the 6 before',
    `active_users_30d` UInt64 COMMENT 'People on this day and the 29 before',
    `stickiness` Float64 COMMENT 'active_users / active_users_30d',
    `has_30_days` Bool COMMENT 'Whether the rollup knows all of the 30 days; before that the window is shorter, and stickiness too high'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    people AS
    (
        SELECT arraySort(groupArray(day)) AS days
        FROM analytics.activity_per_day
        GROUP BY identity_hash
    ),
    changes AS
    (
        SELECT arrayJoin(arrayConcat(arrayMap(d -> (d, 1, 1, 1), days), arrayMap((d, next) -> (least(d + 7, next), 0, -1, 0), days, arrayPushBack(arrayPopFront(days), toDate('2149-06-06'))), arrayMap((d, next) -> (least(d + 30, next), 0, 0, -1), days, arrayPushBack(arrayPopFront(days), toDate('2149-06-06'))))) AS change
        FROM people
    ),
    days AS
    (
        SELECT
            change.1 AS day,
            sum(change.2) AS active_users,
            sum(change.3) AS change_7d,
            sum(change.4) AS change_30d
        FROM changes
        GROUP BY day
    ),
    totals AS
    (
        SELECT
            day,
            active_users,
            sum(change_7d) OVER (ORDER BY day ASC) AS active_users_7d,
            sum(change_30d) OVER (ORDER BY day ASC) AS active_users_30d
        FROM days
    )
SELECT
    day,
    toUInt64(active_users) AS active_users,
    toUInt64(active_users_7d) AS active_users_7d,
    toUInt64(active_users_30d) AS active_users_30d,
    active_users / active_users_30d AS stickiness,
    CAST(day >= ((
        SELECT min(day)
        FROM analytics.activity_per_day
    ) + 29), 'Bool') AS has_30_days
FROM totals
WHERE active_users > 0)
COMMENT 'How regularly the audience comes. One row per day that has events. Each day looks back 7 and 30 days, itself included; has_30_days says whether there are that many. The count is exact. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.table_sizes
(
    `table` String COMMENT 'Table of the database ugc',
    `rows` UInt64 COMMENT 'Rows, copies included',
    `bytes` UInt64 COMMENT 'Compressed size of the columns',
    `uncompressed_bytes` UInt64 COMMENT 'Size before compression',
    `ratio` Float64 COMMENT 'uncompressed_bytes / bytes',
    `bytes_on_disk` UInt64 COMMENT 'All of it on disk, with indexes and marks',
    `bytes_per_row` Float64 COMMENT 'bytes / rows',
    `parts` UInt64 COMMENT 'Active parts',
    `partitions` UInt64 COMMENT 'Partitions',
    `modified_at` DateTime('UTC') COMMENT 'When its newest part was written'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    p.`table` AS `table`,
    sum(p.rows) AS rows,
    sum(p.data_compressed_bytes) AS bytes,
    sum(p.data_uncompressed_bytes) AS uncompressed_bytes,
    uncompressed_bytes / bytes AS ratio,
    sum(p.bytes_on_disk) AS bytes_on_disk,
    bytes / rows AS bytes_per_row,
    count() AS parts,
    uniqExact(p.partition) AS partitions,
    toDateTime(max(p.modification_time), 'UTC') AS modified_at
FROM system.parts AS p
WHERE (p.database = 'ugc') AND p.active AND (p.rows > 0) AND (p.`table` != 'schema_versions')
GROUP BY p.`table`)
COMMENT 'How much is stored. One row per table that has rows. Rows counts copies that are not merged yet. Sizes are of columns, without indexes and marks, except bytes_on_disk.';

CREATE VIEW analytics.top_films
(
    `day` Date COMMENT 'Day in UTC',
    `place` UInt64 COMMENT '1 for the most watched film of the day',
    `movie_id` String COMMENT 'Film',
    `active_users` UInt64 COMMENT 'People who watched it: at least one heartbeat or completion',
    `completions` UInt64 COMMENT 'How often it was watched to the end',
    `page_views` UInt64 COMMENT 'How often its page was opened'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    day,
    rank() OVER (PARTITION BY day ORDER BY active_users DESC, completions DESC, page_views DESC) AS place,
    movie_id,
    active_users,
    completions,
    page_views
FROM analytics.films_per_day)
COMMENT 'Which films are watched. One row per day and film, with its place on that day. The place is by people who watched, then by completions, then by page views; films with the same figures share it. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.trailer_to_film
(
    `day` Date COMMENT 'Day in UTC',
    `movie_id` String COMMENT 'Film',
    `active_users` UInt64 COMMENT 'People who clicked its trailer for the first time',
    `started_users` UInt64 COMMENT 'Of them, those who then watched the film',
    `finished_users` UInt64 COMMENT 'Of them, those who then finished it',
    `started_share` Float64 COMMENT 'started_users / active_users'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    trailers AS
    (
        SELECT
            cityHash64(identity) AS person,
            cityHash64(element_id) AS movie_hash,
            any(element_id) AS movie_id,
            min(occurred_at) AS clicked_at
        FROM analytics.clicks
        WHERE (element = 'trailer') AND (element_id != '') AND (NOT is_bot)
        GROUP BY
            person,
            movie_hash
    ),
    watched AS
    (
        SELECT
            cityHash64(identity) AS person,
            cityHash64(toString(movie_id)) AS movie_hash,
            occurred_at,
            0 AS finished
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            cityHash64(identity) AS person,
            cityHash64(toString(movie_id)) AS movie_hash,
            occurred_at,
            1 AS finished
        FROM analytics.video_completions
        WHERE NOT is_bot
    ),
    outcomes AS
    (
        SELECT
            t.person AS person,
            t.movie_hash AS movie_hash,
            any(t.movie_id) AS movie_id,
            any(t.clicked_at) AS clicked_at,
            max((w.movie_hash != 0) AND (w.occurred_at >= t.clicked_at) AND (w.occurred_at <= (t.clicked_at + toIntervalDay(7)))) AS started,
            max((w.finished = 1) AND (w.occurred_at >= t.clicked_at) AND (w.occurred_at <= (t.clicked_at + toIntervalDay(7)))) AS finished
        FROM watched AS w
        RIGHT JOIN trailers AS t ON (t.person = w.person) AND (t.movie_hash = w.movie_hash)
        GROUP BY
            person,
            movie_hash
    )
SELECT
    toDate(clicked_at) AS day,
    movie_id,
    count() AS active_users,
    countIf(started) AS started_users,
    countIf(finished) AS finished_users,
    started_users / active_users AS started_share
FROM outcomes
GROUP BY
    day,
    movie_id)
COMMENT 'Whether a trailer makes people watch the film: trailer clicked, film started, film finished. One row per day and film. The day is that of a person\'s first click on the film\'s trailer (element trailer, element_id the film), so each person is counted once for a film. A film counts as started by a heartbeat or completion within 7 days of that click, to the millisecond, and as finished by a completion within those 7 days. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.user_journey
(
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened',
    `seconds_since_previous` Nullable(Float64) COMMENT 'Since the event before; NULL for the first',
    `event_type` LowCardinality(String) COMMENT 'Type of the event',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `payload` String COMMENT 'Own fields of the type, a JSON object as text',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot',
    `event_id` UUID COMMENT 'Identifies the event'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    occurred_at,
    dateDiff('millisecond', lagInFrame(toNullable(occurred_at)) OVER w, occurred_at) / 1000 AS seconds_since_previous,
    event_type,
    page_url,
    session_id,
    payload,
    is_bot,
    event_id
FROM ugc.events
FINAL
PREWHERE (cityHash64(identity) = cityHash64({user_id:String})) AND (identity = {user_id:String})
WINDOW w AS (ORDER BY occurred_at ASC, event_id ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Everything that one person did, in order. One row per event of the person user_id. User_id is an identity: for somebody who was not signed in, give the anonymous_id. It reaches as far back as the landing table (UGC_RETENTION_PAYLOAD_DAYS). Bots are included, with is_bot. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.video_completions
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `movie_id` LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    `duration_ms` Nullable(UInt32) COMMENT 'Length of the film in milliseconds, NULL when unknown',
    `watched_ms` Nullable(UInt32) COMMENT 'Milliseconds of it that were really watched',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    movie_id,
    duration_ms,
    watched_ms,
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
    received_at
FROM ugc.video_completions
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Films that were watched to the end, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.video_progress
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `movie_id` LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    `position_ms` Nullable(UInt32) COMMENT 'Milliseconds from the start of the film',
    `duration_ms` Nullable(UInt32) COMMENT 'Length of the film in milliseconds, NULL when unknown',
    `state` LowCardinality(String) COMMENT 'playing, paused or buffering',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    movie_id,
    position_ms,
    duration_ms,
    state,
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
    received_at
FROM ugc.video_progress
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'The player\'s heartbeat, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.video_quality_changes
(
    `event_id` UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    `occurred_at` DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client\'s clock',
    `identity` String COMMENT 'Who: user_id, else anonymous_id',
    `user_id` String COMMENT 'Signed-in user, empty when not signed in',
    `anonymous_id` String COMMENT 'Browser without sign-in, empty when not given',
    `session_id` String COMMENT 'Session as the client numbers it, empty when not given',
    `movie_id` LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    `from_quality` LowCardinality(String) COMMENT 'Before: lines of the picture, 1p to 8192p, or auto',
    `to_quality` LowCardinality(String) COMMENT 'After: lines of the picture, 1p to 8192p, or auto',
    `position_ms` Nullable(UInt32) COMMENT 'Milliseconds from the start of the film',
    `automatic` Bool COMMENT 'Chosen by the player, not by the viewer',
    `page_url` String COMMENT 'Page where it happened, empty when not given',
    `referrer` String COMMENT 'Page that led there, empty when not given',
    `user_agent` LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    `ip` String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    `locale` LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    `timezone` LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    `screen_width` Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    `screen_height` Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    `app_version` LowCardinality(String) COMMENT 'Version of the front end',
    `is_bot` Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    `received_at` DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    movie_id,
    from_quality,
    to_quality,
    position_ms,
    automatic,
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
    received_at
FROM ugc.video_quality_changes
FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1)
COMMENT 'Changes of the picture quality in the player, each event once. One row per event. Bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.weekly_active_users
(
    `week` Date COMMENT 'Monday of the week, in UTC',
    `active_users` UInt64 COMMENT 'People who did anything',
    `events` UInt64 COMMENT 'What they did'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (SELECT
    toMonday(day) AS week,
    uniqExact(identity_hash) AS active_users,
    sum(events) AS events
FROM analytics.activity_per_day
GROUP BY week)
COMMENT 'People who did anything in a week. One row per week that has events; week is its Monday. People come back, so a week is not the sum of its days. The count is exact. The current week is not over. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

CREATE VIEW analytics.weekly_retention
(
    `cohort` Date COMMENT 'Monday of the week, in UTC, in which its people were seen first',
    `week_number` UInt16 COMMENT 'Weeks after it; 0 is the week itself',
    `cohort_users` UInt64 COMMENT 'People of the cohort',
    `active_users` UInt64 COMMENT 'Of them, those who came in that week',
    `share` Float64 COMMENT 'active_users / cohort_users',
    `is_over` Bool COMMENT 'Whether the week is over; the figures of a week that is not can still rise'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (WITH
    (
        SELECT throwIf((toString(toDateOrZero({since:String})) != {since:String}) OR (toString(toDateOrZero({until:String})) != {until:String}), 'since, until: expected days such as 2026-11-30')
    ) AS wrong_days,
    toMonday(toDate(now('UTC'))) AS this_week,
    people AS
    (
        SELECT groupUniqArray(toMonday(day)) AS weeks
        FROM analytics.activity_per_day
        GROUP BY identity_hash
        HAVING (min(day) >= toDateOrZero({since:String})) AND (min(day) <= toDateOrZero({until:String}))
    ),
    cohorts AS
    (
        SELECT
            arrayMin(weeks) AS cohort,
            count() AS cohort_users,
            sumMap(arrayMap(week -> toUInt16(intDiv(week - cohort, 7)), weeks), arrayMap(week -> toUInt64(1), weeks)) AS came
        FROM people
        WHERE NOT wrong_days
        GROUP BY cohort
    )
SELECT
    cohort,
    toUInt16(number) AS week_number,
    cohort_users,
    (came.2)[indexOf(came.1, week_number)] AS active_users,
    active_users / cohort_users AS share,
    CAST((cohort + (7 * week_number)) < this_week, 'Bool') AS is_over
FROM cohorts
ARRAY JOIN range(toUInt64(intDiv(greatest(this_week - cohort, 0), 7)) + 1) AS number)
COMMENT 'Who comes back in the weeks after the first. One row per week in which people came first (cohort) and number of weeks after it. Since and until bound the first days of people, both included: take a Monday and a Sunday for whole cohorts. A cohort has a row for every week from its first to the current one, also for those in which nobody of it came. The current week is not over: is_over says so. The count is exact. Bots are left out. A person is an identity: the user_id, else the anonymous_id. Times and days are in UTC.';

