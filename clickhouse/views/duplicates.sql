-- What:   copies of events that are stored and not merged yet. One row per day and type of event that has any.
-- Why:    many of them mean that clients retry or that Kafka delivers again: look at acknowledgements and at the
--         consumer.
-- Query:  SELECT day, event_type, duplicates FROM analytics.duplicates ORDER BY duplicates DESC LIMIT 10
-- Mind:   no reader shows them. They go as parts merge, so this tells of the last hours rather than of all time:
--         partitions of a single merged part have none and are not read. The day is that of key_time, on which all
--         copies agree; 1970-01-01 holds events without a plausible time of their own.

CREATE OR REPLACE VIEW analytics.duplicates
(
    day Date COMMENT 'Day in UTC',
    event_type LowCardinality(String) COMMENT 'Type of the event',
    stored_rows UInt64 COMMENT 'Rows that are stored',
    events UInt64 COMMENT 'Events that they are',
    duplicates UInt64 COMMENT 'stored_rows - events'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    unmerged AS
    (
        SELECT partition_id
        FROM system.parts
        WHERE database = 'ugc' AND table = 'events' AND active
        GROUP BY partition_id
        HAVING count() > 1 OR max(level) = 0
    ),
    stored AS
    (
        SELECT
            toDate(key_time) AS day,
            event_type,
            count() AS stored_rows
        FROM ugc.events
        WHERE _partition_id IN unmerged
        GROUP BY
            day,
            event_type
    ),
    once AS
    (
        SELECT
            toDate(key_time) AS day,
            event_type,
            count() AS events
        FROM ugc.events FINAL
        WHERE _partition_id IN unmerged
        GROUP BY
            day,
            event_type
    )
SELECT
    stored.day AS day,
    stored.event_type AS event_type,
    stored.stored_rows AS stored_rows,
    once.events AS events,
    stored.stored_rows - once.events AS duplicates
FROM stored
LEFT JOIN once ON once.day = stored.day AND once.event_type = stored.event_type
WHERE stored.stored_rows > once.events
SETTINGS do_not_merge_across_partitions_select_final = 1;
