-- What:   visits of people, each from its first event to its last: a silence of more than 30 minutes ends it. One row
--         per session.
-- Why:    a visit is what a person experiences; events are only its traces.
-- Query:  SELECT day, count() AS sessions, median(duration_ms) FROM analytics.sessions WHERE day >= today() - 7 GROUP BY day ORDER BY day
-- Mind:   made from the times of events alone: session_id is the client's idea of a session and may be missing. A
--         session belongs to the day on which it began, and may go on after midnight, to the end of the next day. Entry
--         and exit are the first and the last page that an event names. Those of yesterday
--         and today are made when asked; those of older days were made before, and are made again within a minute when
--         an event comes late. They are kept for 25 months. Bots are left out.

CREATE OR REPLACE VIEW analytics.sessions
(
    day Date COMMENT 'Day in UTC',
    identity String COMMENT 'Who: user_id, else anonymous_id',
    started_at DateTime64(3, 'UTC') COMMENT 'Its first event',
    ended_at DateTime64(3, 'UTC') COMMENT 'Its last event',
    duration_ms UInt64 COMMENT 'Milliseconds from the first event to the last; 0 for a single event',
    events UInt64 COMMENT 'How many events it has',
    page_views UInt64 COMMENT 'How many pages were opened',
    entry_page String COMMENT 'Address of its first page, empty when no event names one',
    exit_page String COMMENT 'Address of its last page'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- one moment for both halves, also at midnight
    (SELECT toDate(now('UTC')) - 1) AS yesterday,
    once AS
    (
        SELECT
            day,
            identity,
            started_at,
            ended_at,
            events,
            page_views,
            entry_page,
            exit_page
        FROM ugc.sessions_of_days(days = [toDate(now('UTC')) - 1, toDate(now('UTC'))], tables = '')
        WHERE day >= yesterday
        UNION ALL
        SELECT
            day,
            identity,
            started_at,
            ended_at,
            events,
            page_views,
            entry_page,
            exit_page
        FROM ugc.sessions FINAL
        WHERE identity != ''
            AND day < yesterday
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
                    FROM ugc.sessions
                    WHERE refreshed_at <= now64(3, 'UTC')
                    GROUP BY
                        day,
                        refreshed_at
                )
                GROUP BY day
            )
    )
SELECT
    day,
    identity,
    started_at,
    ended_at,
    toUInt64(dateDiff('millisecond', started_at, ended_at)) AS duration_ms,
    events,
    page_views,
    entry_page,
    exit_page
FROM once
SETTINGS do_not_merge_across_partitions_select_final = 1;
