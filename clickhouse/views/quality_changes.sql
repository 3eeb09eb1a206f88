-- What:   changes of the picture quality. One row per day, film, quality before, quality after, and whether the player
--         made it.
-- Why:    a player that goes down by itself tells of the network; a viewer who goes up by hand, of the player.
-- Query:  SELECT movie_id, sum(changes) AS downs FROM analytics.quality_changes WHERE direction = 'down' AND automatic GROUP BY movie_id ORDER BY downs DESC LIMIT 10
-- Mind:   direction is unknown where one of the two is auto. active_users of several rows must not be added up. Bots are left out.

CREATE OR REPLACE VIEW analytics.quality_changes
(
    day Date COMMENT 'Day in UTC',
    movie_id LowCardinality(String) COMMENT 'Film',
    from_quality LowCardinality(String) COMMENT 'Before: 1p to 8192p, or auto',
    to_quality LowCardinality(String) COMMENT 'After: 1p to 8192p, or auto',
    automatic Bool COMMENT 'Done by the player, not by hand',
    direction String COMMENT 'up, down, same, or unknown',
    changes UInt64 COMMENT 'How often',
    active_users UInt64 COMMENT 'People to whom it happened'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toDate(occurred_at) AS day,
    movie_id,
    from_quality,
    to_quality,
    automatic,
    multiIf(
        from_quality != to_quality AND 'auto' IN (from_quality, to_quality), 'unknown',
        toUInt16OrZero(trimRight(to_quality, 'p')) > toUInt16OrZero(trimRight(from_quality, 'p')), 'up',
        toUInt16OrZero(trimRight(to_quality, 'p')) < toUInt16OrZero(trimRight(from_quality, 'p')), 'down',
        'same'
    ) AS direction,
    count() AS changes,
    uniqExact(cityHash64(identity)) AS active_users
FROM analytics.video_quality_changes
WHERE NOT is_bot
GROUP BY
    day,
    movie_id,
    from_quality,
    to_quality,
    automatic;
