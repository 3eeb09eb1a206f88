-- What:   days to count again, one mechanism for all rollups and sessions: days_requested, a table of days that are to be
--         counted again for another reason than a new row, which events_late and its MVs fill; days_written, a view that tells
--         when each day was written, and whether all of its rows are there.
-- Why:    decision 7. A fixed window forgets what comes later and counts everything every hour; by the time of writing,
--         a late event costs its own day, however old that is, and nothing new costs nothing.
-- Query:  SELECT day, written_at, is_whole FROM ugc.days_written ORDER BY day DESC LIMIT 10
-- Mind:   1. Which days of a rollup wait, by when they were written and counted, tell activity_days and its likes:
--            0018_activity_per_day_mv.sql.
--         2. Fragments never replace wholes. A day is whole while no row of it can have left the landing table by its TTL,
--            and while the first of its events is there that were counted, and as many as then, less those that are known
--            to have moved to another day (fewer). That finds what left while the TTL was shorter, or was erased by its
--            time, as well.
--            analytics.late_days tells of days that have new events and cannot be counted.
--         3. A row of a day was received a day before it at the earliest, for clocks may be 24 hours ahead. One more day,
--            for the time that counting takes.
--         4. The copy of an event that was received first may be written last, and lie on another day. Then the event moves,
--            and the day that it leaves has no new row. So days_requested_mv looks for its other copies, when events are
--            written ten seconds or more after they were received; others cannot have been counted for good.
--            In two steps, by a table that keeps nothing: the second is planned only when the first finds an event.
--         5. It also notes how many events came late for which day: rows that came later than their TTL soon leave.

CREATE TABLE IF NOT EXISTS ugc.days_requested
(
    day Date COMMENT 'Day in UTC that is to be counted again' CODEC(ZSTD(1)),
    requested_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When' CODEC(T64, ZSTD(1)),
    came UInt32 COMMENT 'How many events of the day came late, copies included' CODEC(ZSTD(1)),
    fewer UInt32 COMMENT 'How many events turned out to belong to other days' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (day, requested_at)
TTL toDateTime(requested_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
COMMENT 'Days that are to be counted again for another reason than a new row';

CREATE TABLE IF NOT EXISTS ugc.events_late
(
    event_type LowCardinality(String) COMMENT 'Type of the event',
    event_id UUID COMMENT 'Identifies the event',
    key_time DateTime64(3, 'UTC') COMMENT 'Time that a retry cannot change',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it happened',
    received_at DateTime64(3, 'UTC') COMMENT 'When the API received it',
    identity String COMMENT 'Who'
)
ENGINE = Null
COMMENT 'Events that are written late, on their way to days_requested; keeps nothing';

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.days_requested_mv TO ugc.days_requested
AS WITH
    late AS
    (
        SELECT
            event_id,
            event_type,
            identity,
            min(received_at) AS first_received_at,
            argMin(toDate(occurred_at), received_at) AS first_day
        FROM ugc.events_late
        GROUP BY
            event_id,
            event_type,
            identity
    ),
    -- nearly always none, and found by the day of the key and the id alone
    others AS
    (
        SELECT
            event_id,
            event_type,
            identity,
            min(received_at) AS other_received_at,
            argMin(toDate(occurred_at), received_at) AS shown_day
        FROM ugc.events
        WHERE toDate(key_time) IN (SELECT toDate(key_time) FROM ugc.events_late)
            AND event_id IN (SELECT event_id FROM ugc.events_late)
            AND (event_id, received_at) NOT IN (SELECT event_id, received_at FROM ugc.events_late)
        GROUP BY
            event_id,
            event_type,
            identity
    )
SELECT
    day,
    now64(3, 'UTC') AS requested_at,
    sum(arrived) AS came,
    sum(moved) AS fewer
FROM
(
    SELECT
        toDate(occurred_at) AS day,
        1 AS arrived,
        0 AS moved
    FROM ugc.events_late
    UNION ALL
    SELECT
        others.shown_day AS day,
        0 AS arrived,
        1 AS moved
    FROM others
    INNER JOIN late USING (event_id, event_type, identity)
    WHERE others.other_received_at > late.first_received_at AND others.shown_day != late.first_day
)
GROUP BY day;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.events_late_mv TO ugc.events_late
AS SELECT
    event_type,
    event_id,
    key_time,
    occurred_at,
    received_at,
    identity
FROM ugc.events
WHERE received_at < now64(3, 'UTC') - INTERVAL 10 SECOND;

CREATE OR REPLACE VIEW ugc.days_written
AS WITH
    -- The first day of which no row can have left, by the TTL as the server has it now, so that a changed variable holds at
    -- once; a TTL of another form keeps nothing for sure. Months are not the same backwards: 3 days more.
    (
        SELECT max(subtractMonths(subtractDays(toDate(now('UTC')), days), months) + if(months > 0, 6, 3))
        FROM
        (
            SELECT
                toUInt32OrZero(extract(engine_full, ' TTL toDateTime\\(received_at\\) \\+ toIntervalMonth\\((\\d+)\\)')) AS months,
                toUInt32OrZero(extract(engine_full, ' TTL toDateTime\\(received_at\\) \\+ toIntervalDay\\((\\d+)\\)')) AS days
            FROM system.tables
            WHERE database = 'ugc' AND name = 'events' AND position(engine_full, ' TTL ') > 0
        )
    ) AS first_kept,
    known AS
    (
        SELECT
            toDate(occurred_at) AS day,
            max(inserted_at) AS written_at,
            countIf(NOT is_bot) AS stored,
            minIf(received_at, NOT is_bot) AS first_stored,
            [] AS requests,
            [] AS counts
        FROM ugc.events
        GROUP BY day
        UNION ALL
        SELECT
            day,
            max(requested_at) AS written_at,
            0 AS stored,
            toDateTime64(0, 3, 'UTC') AS first_stored,
            groupArray((requested_at, fewer)) AS requests,
            [] AS counts
        FROM ugc.days_requested
        GROUP BY day
        UNION ALL
        SELECT
            day,
            toDateTime64(0, 3, 'UTC') AS written_at,
            0 AS stored,
            toDateTime64(0, 3, 'UTC') AS first_stored,
            [] AS requests,
            [(refreshed_at, seen_at, sum(events), min(first_received_at))] AS counts
        FROM ugc.activity_per_day
        WHERE refreshed_at <= now64(3, 'UTC')
        GROUP BY
            day,
            refreshed_at,
            seen_at
    )
SELECT
    day,
    max(known.written_at) AS written_at,
    sum(known.stored) AS events,
    max(known.first_stored) AS first_received_at,
    groupArrayArray(known.requests) AS requests,
    arrayMax(groupArrayArray(known.counts)) AS newest,
    newest.3 AS counted_events,
    arraySum(request -> if(request.1 > newest.2, request.2, 0), requests) AS fewer,
    first_kept,
    day >= first_kept
        AND events + fewer >= counted_events
        AND (first_received_at <= newest.4 OR counted_events = 0 OR fewer > 0) AS is_whole
FROM known
GROUP BY day;
