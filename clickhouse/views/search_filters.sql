-- What:   Searches and their filters, each event once. One row per event.
-- Why:    the stored table holds a repeated event until a merge; FINAL shows the copy that was received last, and only that.
-- Query:  SELECT arrayJoin(genres) AS genre, count() FROM analytics.search_filters GROUP BY genre ORDER BY count() DESC
-- Mind:   copies of an event share a partition, so each is deduplicated by itself, which makes FINAL nearly free.
--         Times are UTC. Filter by occurred_at: the skip index on it answers.

CREATE OR REPLACE VIEW analytics.search_filters
AS SELECT
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
    received_at
FROM ugc.search_filters FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
