-- What:   everything that one person did, in order. One row per event of the person user_id.
-- Why:    to understand a number, look at one of the people in it; also what is stored about a person who asks.
-- Query:  SELECT * FROM analytics.user_journey(user_id = 'u1') ORDER BY occurred_at
-- Example: SELECT occurred_at, event_type, page_url FROM analytics.user_journey(user_id = 'u1') ORDER BY occurred_at LIMIT 5
-- Mind:   user_id is an identity: for somebody who was not signed in, give the anonymous_id. It reaches as far back as
--         the landing table (UGC_RETENTION_PAYLOAD_DAYS). Bots are included, with is_bot.

CREATE OR REPLACE VIEW analytics.user_journey
(
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened',
    seconds_since_previous Nullable(Float64) COMMENT 'Since the event before; NULL for the first',
    event_type LowCardinality(String) COMMENT 'Type of the event',
    page_url String COMMENT 'Page where it happened, empty when not given',
    session_id String COMMENT 'Session as the client numbers it, empty when not given',
    payload String COMMENT 'Own fields of the type, a JSON object as text',
    is_bot Bool COMMENT 'Whether the user agent says that it is a bot',
    event_id UUID COMMENT 'Identifies the event'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    occurred_at,
    dateDiff('millisecond', lagInFrame(toNullable(occurred_at)) OVER w, occurred_at) / 1000 AS seconds_since_previous,
    event_type,
    page_url,
    session_id,
    payload,
    is_bot,
    event_id
FROM ugc.events FINAL
-- The sorting key holds the hash, so the person is found without reading others; PREWHERE keeps FINAL from reading the
-- payloads of all, which is right because copies of an event have the same identity.
PREWHERE cityHash64(identity) = cityHash64({user_id:String}) AND identity = {user_id:String}
WINDOW w AS (ORDER BY occurred_at ASC, event_id ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
SETTINGS do_not_merge_across_partitions_select_final = 1;
