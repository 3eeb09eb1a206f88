-- What:   Pages that were left, each event once. One row per event.
-- Why:    the stored table holds a repeated event until a merge; FINAL shows the copy that was received last, and only that.
-- Query:  SELECT page_type, median(dwell_ms) FROM analytics.page_leaves WHERE occurred_at >= today() - 7 GROUP BY page_type
-- Mind:   copies of an event share a partition, so each is deduplicated by itself, which makes FINAL nearly free.
--         Times are UTC. Filter by occurred_at: the skip index on it answers.

CREATE OR REPLACE VIEW analytics.page_leaves
AS SELECT
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
    received_at
FROM ugc.page_leaves FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
