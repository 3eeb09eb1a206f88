-- What:   visits of people, each from its first event to its last: a silence of more than 30 minutes ends it. One row per session.
-- Why:    a visit is what a person experiences; events are only its traces.
-- Query:  SELECT day, count() AS sessions, median(duration_ms) FROM analytics.sessions WHERE day >= today() - 7 GROUP BY day ORDER BY day
-- Mind:   made from the times of events alone: session_id is the client's idea and may be missing. A session belongs to the day on
--         which it began, and may go on after midnight. A person is an identity; bots are left out. Reaches as far back as landed
--         events. Entry and exit are the first and the last page that an event names.

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
    people AS
    (
        SELECT
            identity,
            arraySort(groupArray((occurred_at, event_type = 'page_view', page_url))) AS steps,
            arrayMap(step -> toUnixTimestamp64Milli(step.1), steps) AS times
        FROM analytics.events
        WHERE NOT is_bot
        GROUP BY identity
    ),
    visits AS
    (
        SELECT
            identity,
            arrayJoin(arraySplit((step, silence) -> silence > 1800000, steps, arrayDifference(times))) AS visit,
            arrayFilter(page -> page != '', visit.3) AS pages
        FROM people
    )
SELECT
    toDate(started_at) AS day,
    identity,
    visit[1].1 AS started_at,
    visit[-1].1 AS ended_at,
    toUInt64(dateDiff('millisecond', started_at, ended_at)) AS duration_ms,
    length(visit) AS events,
    arraySum(visit.2) AS page_views,
    pages[1] AS entry_page,
    pages[-1] AS exit_page
FROM visits;
