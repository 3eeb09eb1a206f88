-- What:   whether a trailer makes people watch the film: trailer clicked, film started, film finished. One row per day
--         and film.
-- Why:    what a trailer is worth.
-- Query:  SELECT movie_id, sum(active_users) AS trailer, sum(started_users) AS film FROM analytics.trailer_to_film GROUP BY movie_id ORDER BY trailer DESC LIMIT 10
-- Mind:   the day is that of a person's first click on the film's trailer (element trailer, element_id the film), so
--         each person is counted once for a film. A film counts as started by a heartbeat or completion within 7 days
--         of that click, to the millisecond, and as finished by a completion within those 7 days. Bots are left out.

CREATE OR REPLACE VIEW analytics.trailer_to_film
(
    day Date COMMENT 'Day in UTC',
    movie_id String COMMENT 'Film',
    active_users UInt64 COMMENT 'People who clicked its trailer for the first time',
    started_users UInt64 COMMENT 'Of them, those who then watched the film',
    finished_users UInt64 COMMENT 'Of them, those who then finished it',
    started_share Float64 COMMENT 'started_users / active_users'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    trailers AS
    (
        SELECT
            cityHash64(identity) AS person,
            cityHash64(element_id) AS movie_hash,
            any(element_id) AS movie_id,
            min(occurred_at) AS clicked_at
        FROM analytics.clicks
        WHERE element = 'trailer' AND element_id != '' AND NOT is_bot
        GROUP BY
            person,
            movie_hash
    ),
    watched AS
    (
        SELECT
            cityHash64(identity) AS person,
            cityHash64(toString(movie_id)) AS movie_hash,
            occurred_at,
            0 AS finished
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            cityHash64(identity) AS person,
            cityHash64(toString(movie_id)) AS movie_hash,
            occurred_at,
            1 AS finished
        FROM analytics.video_completions
        WHERE NOT is_bot
    ),
    outcomes AS
    (
        SELECT
            t.person AS person,
            t.movie_hash AS movie_hash,
            any(t.movie_id) AS movie_id,
            any(t.clicked_at) AS clicked_at,
            max(w.movie_hash != 0 AND w.occurred_at >= t.clicked_at AND w.occurred_at <= t.clicked_at + INTERVAL 7 DAY) AS started,
            max(
                w.finished = 1 AND w.occurred_at >= t.clicked_at AND w.occurred_at <= t.clicked_at + INTERVAL 7 DAY
            ) AS finished
        FROM watched AS w
        RIGHT JOIN trailers AS t ON t.person = w.person AND t.movie_hash = w.movie_hash
        GROUP BY
            person,
            movie_hash
    )
SELECT
    toDate(clicked_at) AS day,
    movie_id,
    count() AS active_users,
    countIf(started) AS started_users,
    countIf(finished) AS finished_users,
    started_users / active_users AS started_share
FROM outcomes
GROUP BY
    day,
    movie_id;
