-- What:   how far people get in a film. One row per film, day on which it was started, and boundary: 10, 20 … 100
--         percent.
-- Why:    where a film loses its viewers.
-- Query:  SELECT percent, sum(active_users) AS people FROM analytics.percent_watched WHERE movie_id = 'tt1' GROUP BY percent ORDER BY percent
-- Mind:   how far is the furthest position of the player, skipping included; a completion is 100. The day is that of a
--         person's first heartbeat or completion of the film, so each person is counted once for a film, and days can
--         be added up. Heartbeats without position or length count as a start only. Bots are left out.

CREATE OR REPLACE VIEW analytics.percent_watched
(
    day Date COMMENT 'Day in UTC',
    movie_id LowCardinality(String) COMMENT 'Film',
    percent UInt8 COMMENT 'Boundary: 10, 20 … 100',
    active_users UInt64 COMMENT 'People who got that far or further',
    started_users UInt64 COMMENT 'People who started it',
    share Float64 COMMENT 'active_users / started_users'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    viewings AS
    (
        -- two hashes group much faster than a name and a hash
        SELECT
            cityHash64(identity) AS person,
            movie_id,
            cityHash64(movie_id) AS movie_hash,
            occurred_at,
            toUInt8(least(100, ifNull(intDiv(100 * toUInt64(position_ms), nullIf(toUInt64(duration_ms), 0)), 0))) AS reached
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            cityHash64(identity) AS person,
            movie_id,
            cityHash64(movie_id) AS movie_hash,
            occurred_at,
            toUInt8(100) AS reached
        FROM analytics.video_completions
        WHERE NOT is_bot
    ),
    people AS
    (
        SELECT
            any(movie_id) AS movie_id,
            toDate(min(occurred_at)) AS day,
            max(reached) AS furthest
        FROM viewings
        GROUP BY
            movie_hash,
            person
    ),
    films AS
    (
        SELECT
            day,
            movie_id,
            count() AS started_users,
            sumForEach(arrayMap(boundary -> toUInt64(furthest >= boundary), range(10, 101, 10))) AS reached_users
        FROM people
        GROUP BY
            day,
            movie_id
    )
SELECT
    day,
    movie_id,
    toUInt8(10 * number) AS percent,
    users AS active_users,
    started_users,
    active_users / started_users AS share
FROM films
ARRAY JOIN
    reached_users AS users,
    arrayEnumerate(reached_users) AS number;
