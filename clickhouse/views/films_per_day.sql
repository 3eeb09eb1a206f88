-- What:   how films were watched. One row per day and film.
-- Why:    the one place that is right for every day, however old; other views of films count from it.
-- Query:  SELECT movie_id, sum(completions) AS completions FROM analytics.films_per_day GROUP BY movie_id ORDER BY completions DESC LIMIT 10
-- Mind:   days of the last month are counted when asked, older ones come from the rollup (ugc.films_per_day), of which
--         the newest count of each day holds. Bots are left out.

CREATE OR REPLACE VIEW analytics.films_per_day
(
    day Date COMMENT 'Day in UTC',
    movie_id String COMMENT 'Film',
    page_views UInt64 COMMENT 'How often its page was opened',
    active_users UInt64 COMMENT 'People who watched it: at least one heartbeat or completion',
    completions UInt64 COMMENT 'How often it was watched to the end',
    completed_watched_ms UInt64 COMMENT 'Milliseconds watched, as the completions tell',
    heartbeats UInt64 COMMENT 'Heartbeats of the player',
    buffering_heartbeats UInt64 COMMENT 'Heartbeats while the player waited for data',
    buffering_users UInt64 COMMENT 'People with at least one of those'
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
    buffering_users
FROM ugc.films_per_day_live
WHERE day >= toDate(now('UTC')) - 31
UNION ALL
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
WHERE day < toDate(now('UTC')) - 31
    AND movie_id != ''
    AND (day, refreshed_at) IN
    (
        SELECT
            day,
            max(refreshed_at)
        FROM ugc.films_per_day
        GROUP BY day
    );
