-- What:   how often the player waits for data. One row per day and film that was watched.
-- Why:    nothing drives viewers away like a picture that stands still.
-- Query:  SELECT day, sum(buffering_heartbeats) / sum(heartbeats) AS share FROM analytics.buffering WHERE day >= today() - 7 GROUP BY day ORDER BY day
-- Mind:   heartbeats come every few seconds, so their share is close to the share of time. Bots are left out.

CREATE OR REPLACE VIEW analytics.buffering
(
    day Date COMMENT 'Day in UTC',
    movie_id String COMMENT 'Film',
    heartbeats UInt64 COMMENT 'Heartbeats of the player',
    buffering_heartbeats UInt64 COMMENT 'Of them, those while it waited for data',
    buffering_share Float64 COMMENT 'buffering_heartbeats / heartbeats',
    active_users UInt64 COMMENT 'People who watched it',
    buffering_users UInt64 COMMENT 'Of them, those who had to wait'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    movie_id,
    heartbeats,
    buffering_heartbeats,
    buffering_heartbeats / heartbeats AS buffering_share,
    active_users,
    buffering_users
FROM analytics.films_per_day
WHERE heartbeats > 0;
