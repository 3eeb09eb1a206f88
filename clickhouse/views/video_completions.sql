-- What:   Films that were watched to the end, each event once. One row per event.
-- Why:    which films are watched to the end, event by event.
-- Query:  SELECT movie_id, count() FROM analytics.video_completions GROUP BY movie_id ORDER BY count() DESC LIMIT 10
-- Mind:   bots are included: leave them out with NOT is_bot. Filter by occurred_at, which has an index.

CREATE OR REPLACE VIEW analytics.video_completions
(
    event_id UUID COMMENT 'Identifies the event; every repetition of a request carries the same one',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened, corrected for the skew of the client''s clock',
    identity String COMMENT 'Who: user_id, else anonymous_id',
    user_id String COMMENT 'Signed-in user, empty when not signed in',
    anonymous_id String COMMENT 'Browser without sign-in, empty when not given',
    session_id String COMMENT 'Session as the client numbers it, empty when not given',
    movie_id LowCardinality(String) COMMENT 'Film; thousands, not millions, so LowCardinality',
    duration_ms Nullable(UInt32) COMMENT 'Length of the film in milliseconds, NULL when unknown',
    watched_ms Nullable(UInt32) COMMENT 'Milliseconds of it that were really watched',
    page_url String COMMENT 'Page where it happened, empty when not given',
    referrer String COMMENT 'Page that led there, empty when not given',
    user_agent LowCardinality(String) COMMENT 'Browser as it names itself, cut at 512 characters',
    ip String COMMENT 'Client address as UGC_IP_MODE leaves it: cut, whole, hashed or empty',
    locale LowCardinality(String) COMMENT 'Language and region of the browser, for instance de-DE',
    timezone LowCardinality(String) COMMENT 'IANA time zone of the browser, for instance Europe/Berlin',
    screen_width Nullable(UInt16) COMMENT 'Width of the screen in pixels',
    screen_height Nullable(UInt16) COMMENT 'Height of the screen in pixels',
    app_version LowCardinality(String) COMMENT 'Version of the front end',
    is_bot Bool COMMENT 'Whether the user agent says that it is a bot; views that count people leave bots out',
    received_at DateTime64(3, 'UTC') COMMENT 'When the API received it; of several copies of an event the one received first is shown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    event_id,
    occurred_at,
    identity,
    user_id,
    anonymous_id,
    session_id,
    movie_id,
    duration_ms,
    watched_ms,
    page_url,
    referrer,
    user_agent,
    ip,
    locale,
    timezone,
    screen_width,
    screen_height,
    app_version,
    is_bot,
    received_at
FROM ugc.video_completions FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;
