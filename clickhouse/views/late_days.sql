-- What:   days whose numbers lack events that came too late. One row per such day.
-- Why:    a day is counted again only while all of its events are stored: what is left of it must never replace what was
--         counted when it was whole. What comes later than that is told here.
-- Query:  SELECT day, late_events, counted_at FROM analytics.late_days ORDER BY day
-- Mind:   activity_per_day, pages_per_day, films_per_day, searches_per_day, sessions and all views made from them lack
--         late_events events of the day; events, and the views of single types, show them as long as they are stored.
--         A day that was never counted, and so is in no view by day, has NULL in counted_at. Bots are left out.

CREATE OR REPLACE VIEW analytics.late_days
(
    day Date COMMENT 'Day in UTC',
    late_events UInt64 COMMENT 'Events that came after the day was counted for the last time, unmerged copies included',
    written_at DateTime64(3, 'UTC') COMMENT 'When the last of them was written',
    counted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the day was counted for the last time; NULL when it never was'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    late AS
    (
        SELECT
            day,
            written_at,
            counted_at,
            last_seen_at
        FROM ugc.activity_days
        WHERE NOT is_whole AND written_at > last_seen_at
    ),
    came AS
    (
        SELECT
            toDate(occurred_at) AS day,
            inserted_at AS came_at,
            1 AS stored,
            0 AS noted
        FROM ugc.events
        WHERE toDate(occurred_at) IN (SELECT day FROM late) AND NOT is_bot
        UNION ALL
        SELECT
            day,
            requested_at AS came_at,
            0 AS stored,
            came AS noted
        FROM ugc.days_requested
        WHERE day IN (SELECT day FROM late)
    )
SELECT
    late.day AS day,
    -- what is no longer stored was noted when it came; what came in time was not
    toUInt64(greatest(sum(came.stored), sum(came.noted))) AS late_events,
    late.written_at AS written_at,
    nullIf(late.counted_at, toDateTime64(0, 3, 'UTC')) AS counted_at
FROM late
INNER JOIN came ON came.day = late.day
WHERE came.came_at > late.last_seen_at
GROUP BY
    late.day,
    late.written_at,
    late.counted_at
HAVING late_events > 0;
