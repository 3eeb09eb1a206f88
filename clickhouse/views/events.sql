-- What:   Events of every type, each event once. One row per event.
-- Why:    the stored table holds a repeated event until a merge; FINAL shows the copy that was received last, and only that.
-- Query:  SELECT event_type, count() FROM analytics.events WHERE occurred_at >= today() - 7 GROUP BY event_type
-- Mind:   payload holds the own fields of the type as JSON; the view of the type has them as columns.
--         copies of an event share a partition, so each is deduplicated by itself, which makes FINAL nearly free.
--         Times are UTC. Filter by occurred_at: the skip index on it answers.

CREATE OR REPLACE VIEW analytics.events
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
    received_at,
    kafka_topic,
    kafka_partition,
    kafka_offset,
    kafka_timestamp,
    inserted_at
FROM ugc.events FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
