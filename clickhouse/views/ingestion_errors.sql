-- What:   messages and lines that could not become an event. One row per day and kind of error.
-- Why:    what is refused is somebody's bug, and should be seen on the day it appears.
-- Query:  SELECT day, error, errors, last_at FROM analytics.ingestion_errors ORDER BY last_at DESC LIMIT 10
-- Mind:   kinds are error messages without their numbers and quoted parts. The raw bytes are in ugc.events_errors,
--         which only DBAs read: python -m clickhouse errors list. They are kept for UGC_RETENTION_ERRORS_DAYS, 30
--         unless set otherwise.

CREATE OR REPLACE VIEW analytics.ingestion_errors
(
    day Date COMMENT 'Day in UTC',
    error String COMMENT 'Kind of error',
    errors UInt64 COMMENT 'How many',
    first_at DateTime64(3, 'UTC') COMMENT 'When the first message of it was produced',
    last_at DateTime64(3, 'UTC') COMMENT 'When the last was',
    example_topic LowCardinality(String) COMMENT 'Topic of the last one',
    example_partition UInt64 COMMENT 'Its partition',
    example_offset UInt64 COMMENT 'Its offset'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toDate(kafka_timestamp) AS day,
    substring(
        replaceRegexpAll(replaceRegexpAll(extract(error, '^[^\n]*'), '(\'[^\']*\'|"[^"]*"|`[^`]*`)', '…'), '[0-9]+', '#'), 1, 160
    ) AS error,
    count() AS errors,
    min(kafka_timestamp) AS first_at,
    max(kafka_timestamp) AS last_at,
    argMax(kafka_topic, kafka_timestamp) AS example_topic,
    argMax(kafka_partition, kafka_timestamp) AS example_partition,
    argMax(kafka_offset, kafka_timestamp) AS example_offset
FROM ugc.events_errors AS e FINAL
GROUP BY
    toDate(kafka_timestamp),
    substring(
        replaceRegexpAll(replaceRegexpAll(extract(e.error, '^[^\n]*'), '(\'[^\']*\'|"[^"]*"|`[^`]*`)', '…'), '[0-9]+', '#'), 1, 160
    )
SETTINGS do_not_merge_across_partitions_select_final = 1;
