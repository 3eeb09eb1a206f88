-- What:   sessions as they were cut: ugc.sessions, and sessions_mv, which every hour cuts those days anew to which events
--         have come; sessions_live, a view of just these days.
-- Why:    cutting sessions means to sort the events of everybody, which for ten million takes seconds.
-- Query:  analytics.sessions, which reads settled days from the table and cuts the others live: it is never behind.
-- Mind:   1. A day is stale when a row was written for it since the last refresh (ten minutes are taken off, for an insert
--            that was not finished then). A new event may end or begin a session of the day before and after as well, so
--            those are cut anew too, and the events of a day further on each side are read to see where they begin.
--         2. So ugc.events.inserted_at must be the time of writing, which its default is for rows put in by hand.
--         3. Of a day, the rows of the newest refresh count. Each refresh writes an empty row for each of its days and for
--            today, which says when it was; readers leave those out.
--         4. It knows people: `erase` deletes their rows, and cuts anew, by the text of sessions_live, what of their days is
--            left, with the time of the day's newest cut. Kept as long as typed rows.
--         5. ARRAY JOIN, and not arrayJoin(): so a condition on the identity reaches the rows, before they are sorted.

CREATE TABLE IF NOT EXISTS ugc.sessions
(
    day Date COMMENT 'Day in UTC on which it began' CODEC(ZSTD(1)),
    identity String COMMENT 'Who: user_id, else anonymous_id; empty in the row that only marks the day as cut' CODEC(ZSTD(1)),
    started_at DateTime64(3, 'UTC') COMMENT 'Its first event' CODEC(T64, ZSTD(1)),
    ended_at DateTime64(3, 'UTC') COMMENT 'Its last event' CODEC(T64, ZSTD(1)),
    events UInt64 COMMENT 'How many events it has' CODEC(T64, ZSTD(1)),
    page_views UInt64 COMMENT 'How many pages were opened' CODEC(T64, ZSTD(1)),
    entry_page String COMMENT 'Address of its first page, empty when no event names one' CODEC(ZSTD(1)),
    exit_page String COMMENT 'Address of its last page' CODEC(ZSTD(1)),
    refreshed_at DateTime64(3, 'UTC') COMMENT 'When the day was cut; the newest of a day holds' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(refreshed_at)
PARTITION BY toYYYYMM(day)
ORDER BY (day, cityHash64(identity), started_at)
TTL day + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS})
COMMENT 'Rollup: sessions of people';

CREATE OR REPLACE VIEW ugc.sessions_stale
AS SELECT DISTINCT arrayJoin([day - 1, day, day + 1]) AS day
FROM
(
    SELECT DISTINCT toDate(occurred_at) AS day
    FROM ugc.events
    WHERE inserted_at > (SELECT max(refreshed_at) - INTERVAL 10 MINUTE FROM ugc.sessions)
);

CREATE OR REPLACE VIEW ugc.sessions_live
AS WITH
    people AS
    (
        SELECT
            identity,
            arraySort(groupArray((occurred_at, event_type = 'page_view', page_url))) AS steps,
            arrayMap(step -> toUnixTimestamp64Milli(step.1), steps) AS times
        FROM ugc.events FINAL
        WHERE NOT is_bot
            AND toDate(occurred_at) IN (SELECT arrayJoin([day - 1, day, day + 1]) FROM ugc.sessions_stale)
        GROUP BY identity
    ),
    visits AS
    (
        SELECT
            identity,
            visit,
            arrayFilter(page -> page != '', visit.3) AS pages
        FROM people
        ARRAY JOIN arraySplit((step, silence) -> silence > 1800000, steps, arrayDifference(times)) AS visit
    )
SELECT
    toDate(started_at) AS day,
    identity,
    visit[1].1 AS started_at,
    visit[-1].1 AS ended_at,
    toUInt64(length(visit)) AS events,
    toUInt64(arraySum(visit.2)) AS page_views,
    pages[1] AS entry_page,
    pages[-1] AS exit_page
FROM visits
WHERE day IN (SELECT day FROM ugc.sessions_stale)
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.sessions_mv
REFRESH EVERY 1 HOUR APPEND TO ugc.sessions
AS SELECT
    day,
    identity,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    exit_page,
    now64(3, 'UTC') AS refreshed_at
FROM
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
    FROM ugc.sessions_live
    UNION ALL
    SELECT DISTINCT
        day,
        '' AS identity,
        toDateTime64(0, 3, 'UTC') AS started_at,
        toDateTime64(0, 3, 'UTC') AS ended_at,
        toUInt64(0) AS events,
        toUInt64(0) AS page_views,
        '' AS entry_page,
        '' AS exit_page
    FROM
    (
        SELECT day FROM ugc.sessions_stale
        UNION ALL
        SELECT toDate(now('UTC')) AS day
    )
);
