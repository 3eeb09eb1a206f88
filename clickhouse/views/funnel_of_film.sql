-- What:   how many people take one step after another with one film. One row per step.
-- Why:    where a film loses people on the way from its page, over its trailer, to its end.
-- Query:  SELECT * FROM analytics.funnel_of_film(steps = ['page_view:movie', 'click:trailer', 'video_progress'], movie_id = 'tt1', window_seconds = 86400, since = today() - 7, until = today())
-- Example: SELECT * FROM analytics.funnel_of_film(steps = ['page_view:movie', 'click:trailer', 'video_progress', 'video_complete'], movie_id = 'tt1', window_seconds = 86400, since = '2026-03-02', until = '2026-03-05')
-- Mind:   like analytics.funnel, but events that name a film count only when it is this one: the movie_id of video
--         events, the element_id of clicks on a movie or a trailer, the page_id of pages of type movie. Events that
--         name no film (searches, custom events, other pages and clicks) count in any case. movie_id '' means any film.
--         Bots are left out.

CREATE OR REPLACE VIEW analytics.funnel_of_film
(
    step UInt8 COMMENT 'Number of the step, from 1',
    name String COMMENT 'The step, as it was given',
    active_users UInt64 COMMENT 'People who got to it',
    share_of_first Nullable(Float64) COMMENT 'Of those who took the first step',
    share_of_previous Nullable(Float64) COMMENT 'Of those who took the step before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    [
        'click', 'page_view', 'page_leave', 'video_progress', 'video_complete', 'video_quality_change', 'search_filter', 'custom'
    ] AS known_types,
    arrayMap(step -> splitByChar(':', step)[1], {steps:Array(String)}) AS types,
    arrayMap(step -> substring(step, length(splitByChar(':', step)[1]) + 2), {steps:Array(String)}) AS details,
    steps_taken AS
    (
        SELECT
            identity,
            occurred_at,
            'click' AS event_type,
            toString(element) AS detail,
            if(element IN ('movie', 'trailer'), element_id, '') AS film
        FROM analytics.clicks
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'page_view',
            toString(page_type),
            if(page_type = 'movie', page_id, '')
        FROM analytics.page_views
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'page_leave',
            toString(page_type),
            if(page_type = 'movie', page_id, '')
        FROM analytics.page_leaves
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'video_progress',
            toString(state),
            toString(movie_id)
        FROM analytics.video_progress
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'video_complete',
            '',
            toString(movie_id)
        FROM analytics.video_completions
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'video_quality_change',
            '',
            toString(movie_id)
        FROM analytics.video_quality_changes
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'search_filter',
            '',
            ''
        FROM analytics.search_filters
        WHERE NOT is_bot
        UNION ALL
        SELECT
            identity,
            occurred_at,
            'custom',
            toString(name),
            ''
        FROM analytics.custom_events
        WHERE NOT is_bot
    ),
    numbered AS
    (
        SELECT
            cityHash64(identity) AS person,
            toUnixTimestamp64Milli(occurred_at) AS time_ms,
            event_type = types[1] AND (details[1] = '' OR detail = details[1]) AS is_1,
            event_type = types[2] AND (details[2] = '' OR detail = details[2]) AS is_2,
            event_type = types[3] AND (details[3] = '' OR detail = details[3]) AS is_3,
            event_type = types[4] AND (details[4] = '' OR detail = details[4]) AS is_4,
            event_type = types[5] AND (details[5] = '' OR detail = details[5]) AS is_5,
            event_type = types[6] AND (details[6] = '' OR detail = details[6]) AS is_6,
            event_type = types[7] AND (details[7] = '' OR detail = details[7]) AS is_7,
            event_type = types[8] AND (details[8] = '' OR detail = details[8]) AS is_8
        FROM steps_taken
        WHERE occurred_at >= toDateTime64({since:String}, 3, 'UTC')
            AND occurred_at < toDateTime64({until:String}, 3, 'UTC') + INTERVAL 1 DAY
            AND ({movie_id:String} = '' OR film IN ('', {movie_id:String}))
            AND (is_1 OR is_2 OR is_3 OR is_4 OR is_5 OR is_6 OR is_7 OR is_8)
    ),
    people AS
    (
        -- strict_once: one event is one step, also where two steps ask for the same
        SELECT windowFunnel({window_seconds:UInt64} * 1000, 'strict_once')(
            toUInt64(time_ms), is_1, is_2, is_3, is_4, is_5, is_6, is_7, is_8
        ) AS furthest
        FROM numbered
        GROUP BY person
    ),
    reached AS
    (
        SELECT sumForEach(arrayMap(number -> toUInt64(furthest >= number), arrayEnumerate({steps:Array(String)}))) AS users
        FROM people
    ),
    -- subqueries are evaluated also when there is nobody, and no step
    (
        SELECT throwIf(length({steps:Array(String)}) NOT BETWEEN 1 AND 8, 'steps: expected 1 to 8 of them')
    ) AS wrong_number,
    (
        SELECT throwIf(
            arrayExists(type -> NOT has(known_types, type), types),
            'steps: expected click, page_view, page_leave, video_progress, video_complete, video_quality_change, search_filter or custom, each alone or with a detail after a colon'
        )
    ) AS wrong_types,
    (
        SELECT throwIf(
            toString(toDateOrZero({since:String})) != {since:String}
            OR toString(toDateOrZero({until:String})) != {until:String},
            'since, until: expected days such as 2026-11-30'
        )
    ) AS wrong_days
SELECT
    toUInt8(number) AS step,
    {steps:Array(String)}[number] AS name,
    users[number] AS active_users,
    users[number] / nullIf(users[1], 0) AS share_of_first,
    if(number = 1, NULL, users[number] / nullIf(users[number - 1], 0)) AS share_of_previous
FROM reached
ARRAY JOIN arrayEnumerate({steps:Array(String)}) AS number
WHERE NOT (wrong_number OR wrong_types OR wrong_days);
