-- What:   how many people take one step after another. One row per step.
-- Why:    where people are lost on a way that they should go to its end.
-- Query:  SELECT * FROM analytics.funnel(steps = ['page_view', 'click', 'video_progress', 'video_complete'], window_seconds = 86400, since = today() - 7, until = today())
-- Example: SELECT * FROM analytics.funnel(steps = ['page_view:movie', 'click:trailer', 'video_progress', 'video_complete'], window_seconds = 86400, since = '2026-03-02', until = '2026-03-05')
-- Mind:   steps: 1 to 8 types of events, in order; a step may say more after a colon: click:trailer (element), page_view:movie (page_type),
--         video_progress:playing (state), custom:NAME (name). window_seconds: from the first step to the last. since, until: days
--         in UTC, both included. A person is an identity, counted at every step up to the furthest reached in any one go; other
--         events may lie in between. Bots are left out.

CREATE OR REPLACE VIEW analytics.funnel
(
    step UInt8 COMMENT 'Number of the step, from 1',
    name String COMMENT 'The step, as it was given',
    active_users UInt64 COMMENT 'People who got to it',
    share_of_first Nullable(Float64) COMMENT 'Of those who took the first step',
    share_of_previous Nullable(Float64) COMMENT 'Of those who took the step before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    steps_taken AS
    (
        SELECT identity, occurred_at, 'click' AS event_type, toString(element) AS detail FROM analytics.clicks WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'page_view', toString(page_type) FROM analytics.page_views WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'page_leave', toString(page_type) FROM analytics.page_leaves WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'video_progress', toString(state) FROM analytics.video_progress WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'video_complete', '' FROM analytics.video_completions WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'video_quality_change', '' FROM analytics.video_quality_changes WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'search_filter', '' FROM analytics.search_filters WHERE NOT is_bot
        UNION ALL
        SELECT identity, occurred_at, 'custom', toString(name) FROM analytics.custom_events WHERE NOT is_bot
    ),
    numbered AS
    (
        SELECT
            cityHash64(identity) AS person,
            toUnixTimestamp64Milli(occurred_at) AS time_ms,
            arrayMap(step -> splitByChar(':', step)[1], {steps:Array(String)}) AS types,
            arrayMap(step -> substring(step, length(splitByChar(':', step)[1]) + 2), {steps:Array(String)}) AS details,
            event_type = types[1] AND (details[1] = '' OR detail = details[1]) AS is_1,
            event_type = types[2] AND (details[2] = '' OR detail = details[2]) AS is_2,
            event_type = types[3] AND (details[3] = '' OR detail = details[3]) AS is_3,
            event_type = types[4] AND (details[4] = '' OR detail = details[4]) AS is_4,
            event_type = types[5] AND (details[5] = '' OR detail = details[5]) AS is_5,
            event_type = types[6] AND (details[6] = '' OR detail = details[6]) AS is_6,
            event_type = types[7] AND (details[7] = '' OR detail = details[7]) AS is_7,
            event_type = types[8] AND (details[8] = '' OR detail = details[8]) AS is_8
        FROM steps_taken
        WHERE occurred_at >= toDateTime64({since:Date}, 3, 'UTC')
            AND occurred_at < toDateTime64({until:Date} + 1, 3, 'UTC')
            AND (is_1 OR is_2 OR is_3 OR is_4 OR is_5 OR is_6 OR is_7 OR is_8)
    ),
    people AS
    (
        SELECT windowFunnel({window_seconds:UInt64} * 1000)(
            toUInt64(time_ms), is_1, is_2, is_3, is_4, is_5, is_6, is_7, is_8
        ) AS furthest
        FROM numbered
        GROUP BY person
    ),
    reached AS
    (
        SELECT sumForEach(arrayMap(number -> toUInt64(furthest >= number), arrayEnumerate({steps:Array(String)}))) AS users
        FROM people
    )
SELECT
    toUInt8(number) AS step,
    {steps:Array(String)}[number] AS name,
    users[number] AS active_users,
    users[number] / nullIf(users[1], 0) AS share_of_first,
    if(number = 1, NULL, users[number] / nullIf(users[number - 1], 0)) AS share_of_previous
FROM reached
ARRAY JOIN arrayEnumerate({steps:Array(String)}) AS number;
