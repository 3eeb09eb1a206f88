-- What:   how films were watched. One row per day and film.
-- Why:    the one place that is right for every day, however old; other views of films count from it.
-- Query:  SELECT movie_id, sum(completions) AS completions FROM analytics.films_per_day GROUP BY movie_id ORDER BY completions DESC LIMIT 10
-- Mind:   yesterday and today are counted when asked, so an event is seen at once; days after today are not shown
--         before they come. Older days were counted before, and are counted again within a minute when an event comes
--         late, however old the day is. They stay when their events are deleted; late_days tells of those that could
--         not be counted again. Bots are left out.

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
AS WITH
    -- one moment for both halves, also at midnight
    (SELECT toDate(now('UTC')) - 1) AS yesterday
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
FROM ugc.films_per_day_live
WHERE day >= yesterday AND day <= yesterday + 1
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
WHERE day < yesterday
    AND movie_id != ''
    AND (day, refreshed_at) IN
    (
        SELECT
            day,
            max(counted_at)
        FROM
        (
            SELECT
                day,
                refreshed_at AS counted_at
            FROM ugc.films_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at
        )
        GROUP BY day
    );
