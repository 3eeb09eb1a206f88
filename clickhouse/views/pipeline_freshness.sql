-- What:   how fresh the data is. One row per event type that was seen in the last 24 hours.
-- Why:    the first look when a number seems too low: is it people, or the pipeline?
-- Query:  SELECT * FROM analytics.pipeline_freshness ORDER BY seconds_since_last
-- Mind:   lag is from the API's receipt to ClickHouse's write, over the last hour; NULL when there was nothing. Bots
--         count, and a repeated event may count twice until a merge: this is about the flow, and has to be cheap.

CREATE OR REPLACE VIEW analytics.pipeline_freshness
(
    event_type LowCardinality(String) COMMENT 'Type of the event',
    last_inserted_at DateTime64(3, 'UTC') COMMENT 'When ClickHouse wrote the last one',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the API received the last one',
    seconds_since_last Int64 COMMENT 'Seconds since the last write',
    events_last_hour UInt64 COMMENT 'Rows written in the last hour',
    events_last_day UInt64 COMMENT 'Rows written in the last 24 hours',
    lag_ms_p50 Nullable(Float64) COMMENT 'Median of the milliseconds from receipt to write',
    lag_ms_p99 Nullable(Float64) COMMENT '99th percentile of them'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    event_type,
    max(inserted_at) AS last_inserted_at,
    max(received_at) AS last_received_at,
    dateDiff('second', max(inserted_at), now64(3, 'UTC')) AS seconds_since_last,
    countIf(inserted_at >= now() - INTERVAL 1 HOUR) AS events_last_hour,
    count() AS events_last_day,
    quantileIfOrNull(0.5)(
        dateDiff('millisecond', received_at, inserted_at), inserted_at >= now() - INTERVAL 1 HOUR
    ) AS lag_ms_p50,
    quantileIfOrNull(0.99)(
        dateDiff('millisecond', received_at, inserted_at), inserted_at >= now() - INTERVAL 1 HOUR
    ) AS lag_ms_p99
FROM ugc.events
WHERE inserted_at >= now() - INTERVAL 1 DAY
GROUP BY event_type;
