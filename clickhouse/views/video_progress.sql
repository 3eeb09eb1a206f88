-- What:   The player's heartbeat, each event once. One row per event.
-- Why:    the stored table holds a repeated event until a merge; FINAL shows the copy that was received last, and only that.
-- Query:  SELECT state, count() FROM analytics.video_progress WHERE occurred_at >= today() - 7 GROUP BY state
-- Mind:   copies of an event share a partition, so each is deduplicated by itself, which makes FINAL nearly free.
--         Times are UTC. Filter by occurred_at: the skip index on it answers.

CREATE OR REPLACE VIEW analytics.video_progress
AS SELECT
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
    received_at
FROM ugc.video_progress FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
