-- What:   Films that were watched to the end, each event once. One row per event.
-- Why:    the stored table holds a repeated event until a merge; FINAL shows the copy that was received last, and only that.
-- Query:  SELECT movie_id, count() FROM analytics.video_completions GROUP BY movie_id ORDER BY count() DESC LIMIT 10
-- Mind:   copies of an event share a partition, so each is deduplicated by itself, which makes FINAL nearly free.
--         Times are UTC. Filter by occurred_at: the skip index on it answers.

CREATE OR REPLACE VIEW analytics.video_completions
AS SELECT
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
    received_at
FROM ugc.video_completions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
