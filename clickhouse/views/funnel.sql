-- What:   how many people take one step after another. One row per step.
-- Why:    where people are lost on a way that they should go to its end.
-- Query:  SELECT * FROM analytics.funnel(steps = ['page_view', 'click', 'video_progress', 'video_complete'], window_seconds = 86400, since = today() - 7, until = today())
-- Example: SELECT * FROM analytics.funnel(steps = ['page_view:movie', 'click:trailer', 'video_progress', 'video_complete'], window_seconds = 86400, since = '2026-03-02', until = '2026-03-05')
-- Mind:   steps: 1 to 8 types of events, in order; a step may say more after a colon: click:trailer (element),
--         page_view:movie (page_type), video_progress:playing (state), custom:NAME (name). window_seconds: from the
--         first step to the last. since, until: days in UTC, both included. A person is an identity, counted at every
--         step up to the furthest reached in any one go; one event is one step, and other events may lie in between.
--         For one film: funnel_of_film. Bots are left out.

CREATE OR REPLACE VIEW analytics.funnel
(
    step UInt8 COMMENT 'Number of the step, from 1',
    name String COMMENT 'The step, as it was given',
    active_users UInt64 COMMENT 'People who got to it',
    share_of_first Nullable(Float64) COMMENT 'Of those who took the first step',
    share_of_previous Nullable(Float64) COMMENT 'Of those who took the step before'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    step,
    name,
    active_users,
    share_of_first,
    share_of_previous
FROM analytics.funnel_of_film(
    steps = {steps:Array(String)},
    movie_id = '',
    window_seconds = {window_seconds:UInt64},
    since = {since:String},
    until = {until:String}
);
