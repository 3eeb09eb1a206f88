-- What:   which films are watched. One row per day and film, with its place on that day.
-- Why:    what to show on the first page, and what to buy more of.
-- Query:  SELECT place, movie_id, active_users FROM analytics.top_films WHERE day = today() - 1 ORDER BY place LIMIT 10
-- Mind:   the place is by people who watched, then by completions, then by page views; films with the same figures
--         share it. Bots are left out.

CREATE OR REPLACE VIEW analytics.top_films
(
    day Date COMMENT 'Day in UTC',
    place UInt64 COMMENT '1 for the most watched film of the day',
    movie_id String COMMENT 'Film',
    active_users UInt64 COMMENT 'People who watched it: at least one heartbeat or completion',
    completions UInt64 COMMENT 'How often it was watched to the end',
    page_views UInt64 COMMENT 'How often its page was opened'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    rank() OVER (PARTITION BY day ORDER BY active_users DESC, completions DESC, page_views DESC) AS place,
    movie_id,
    active_users,
    completions,
    page_views
FROM analytics.films_per_day;
