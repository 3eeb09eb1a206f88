-- What:   how far ClickHouse is behind Kafka. One row per consumer and partition that it reads.
-- Why:    the first look when events come late: is it the consumer, or what comes before it?
-- Query:  SELECT topic, partition, messages_behind, seconds_since_poll, last_error FROM analytics.consumer_lag
-- Mind:   messages_behind is what the client library last reported; one message holds the events of one request. It is
--         NULL before the first report, and always unless the server's configuration has statistics_interval_ms in
--         <kafka>. No row: the queue is detached, or has not joined its group yet. When seconds_since_poll grows past
--         60, the consumer hangs: restart ClickHouse.

CREATE OR REPLACE VIEW analytics.consumer_lag
(
    consumer String COMMENT 'Consumer, as Kafka knows it',
    topic String COMMENT 'Topic',
    partition Int32 COMMENT 'Partition of the topic',
    current_offset Int64 COMMENT 'Offset of the message that is read next',
    messages_behind Nullable(Int64) COMMENT 'Messages in the partition that were not read yet',
    last_poll_at DateTime('UTC') COMMENT 'When it last asked for messages',
    seconds_since_poll Int64 COMMENT 'Seconds since then',
    messages_read UInt64 COMMENT 'Messages since it was made',
    last_error String COMMENT 'Its last error, empty when there was none',
    last_error_at DateTime('UTC') COMMENT 'When that was; 1970 when there was none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    consumer_id AS consumer,
    assignment.1 AS topic,
    assignment.2 AS partition,
    assignment.3 AS current_offset,
    JSONExtract(
        rdkafka_stat, 'topics', topic, 'partitions', toString(partition), 'consumer_lag_stored', 'Nullable(Int64)'
    ) AS behind_as_stored,
    JSONExtract(
        rdkafka_stat, 'topics', topic, 'partitions', toString(partition), 'consumer_lag', 'Nullable(Int64)'
    ) AS behind_as_committed,
    multiIf(behind_as_stored >= 0, behind_as_stored, behind_as_committed >= 0, behind_as_committed, NULL) AS messages_behind,
    toDateTime(last_poll_time, 'UTC') AS last_poll_at,
    dateDiff('second', last_poll_at, now('UTC')) AS seconds_since_poll,
    num_messages_read AS messages_read,
    exceptions.text[-1] AS last_error,
    toDateTime(exceptions.time[-1], 'UTC') AS last_error_at
FROM system.kafka_consumers
ARRAY JOIN arrayZip(assignments.topic, assignments.partition_id, assignments.current_offset) AS assignment
WHERE database = 'ugc' AND table = 'events_queue';
