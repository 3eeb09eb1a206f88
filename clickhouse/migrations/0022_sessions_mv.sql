-- What:   how the sessions of a day are cut, and when. Views: sessions_of_days, the sessions that began on given days;
--         sessions_days, which days were written since they were cut; sessions_waiting, what the next refresh writes.
--         sessions_mv, which writes it.
-- Why:    decision 7; see 0018_activity_per_day_mv.sql.
-- Query:  SELECT day, written_at, counted_at, is_whole FROM ugc.sessions_days ORDER BY day DESC
-- Mind:   1. What is said in 0018_activity_per_day_mv.sql about days that wait, one block and the UNION holds here. Three
--            million events at a time, for the events of everybody are sorted.
--         2. A new event may begin or end a session of the day before or after, so those wait as well. Of the day before,
--            the last half hour tells whether a session went on, so that day must not have left either; of the day after,
--            all is read, for a session goes on as long as there is no silence, to the end of that day.
--         3. Today's events may end sessions of yesterday: those are cut again every ten minutes while there are new ones,
--            and at once when today is over; readers cut both days live.
--         4. No guard by the number of events, as rollups have it: a late event may move others to the session of another
--            day. sessions_of_days reads the landing table; with a pattern of the names of typed tables it reads
--            those, which is for `erase`.
--         5. Cutting stands here twice, word for word: days that wait cannot be given to sessions_of_days, a parameter is no
--            subquery; and readers should not pay for asking which days wait. A test holds the two equal.
--         6. ARRAY JOIN, and not arrayJoin(): so a condition on the identity reaches the rows, before they are sorted.

CREATE OR REPLACE VIEW ugc.sessions_days
AS WITH
    now64(3, 'UTC') AS now,
    toDate(now) AS today,
    touched AS
    (
        SELECT
            day,
            maxIf(at, day >= written_day OR written_day < today) AS written_at,
            max(at) AS last_written_at,
            sumIf(written_events, day = written_day) AS events,
            countIf(day = written_day AND NOT whole) = 0 AND day - 1 >= max(kept) AS is_whole
        FROM
        (
            SELECT
                day AS written_day,
                written_at AS at,
                events AS written_events,
                is_whole AS whole,
                first_kept AS kept
            FROM ugc.days_written
        )
        ARRAY JOIN [written_day - 1, written_day, written_day + 1] AS day
        GROUP BY day
    ),
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, seen_at))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at
            FROM ugc.sessions
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    touched.day AS day,
    touched.written_at AS written_at,
    touched.last_written_at AS last_written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    touched.is_whole AS is_whole,
    touched.events AS events
FROM touched
LEFT JOIN counted ON counted.day = touched.day
WHERE touched.day < today
    AND (
        touched.written_at > last_seen_at
        OR (last_seen_at >= counted_at - INTERVAL 10 MINUTE AND counted_at <= now - INTERVAL 10 MINUTE)
    );

CREATE OR REPLACE VIEW ugc.sessions_of_days
AS WITH
    {days:Array(Date)} AS asked_days,
    arrayConcat(asked_days, arrayMap(day -> day + 1, asked_days)) AS read_days,
    steps AS
    (
        SELECT
            identity,
            occurred_at,
            event_type = 'page_view' AS is_page_view,
            page_url
        FROM ugc.events FINAL
        WHERE {tables:String} = '' AND NOT is_bot
            AND (
                toDate(occurred_at) IN (SELECT arrayJoin(read_days))
                OR toDate(occurred_at + INTERVAL 30 MINUTE) IN (SELECT arrayJoin(asked_days))
            )
        UNION ALL
        SELECT
            identity,
            occurred_at,
            _table = 'page_views' AS is_page_view,
            page_url
        FROM merge('ugc', if({tables:String} = '', '^page_views$', {tables:String})) FINAL
        WHERE {tables:String} != '' AND NOT is_bot
            AND (
                toDate(occurred_at) IN (SELECT arrayJoin(read_days))
                OR toDate(occurred_at + INTERVAL 30 MINUTE) IN (SELECT arrayJoin(asked_days))
            )
    ),
    people AS
    (
        SELECT
            identity,
            arraySort(groupArray((occurred_at, is_page_view, page_url))) AS way,
            arrayMap(step -> toUnixTimestamp64Milli(step.1), way) AS times
        FROM steps
        GROUP BY identity
    ),
    visits AS
    (
        SELECT
            identity,
            visit,
            arrayFilter(page -> page != '', visit.3) AS pages
        FROM people
        ARRAY JOIN arraySplit((step, silence) -> silence > 1800000, way, arrayDifference(times)) AS visit
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
WHERE day IN (SELECT arrayJoin(asked_days))
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ugc.sessions_waiting
AS WITH
    (SELECT now64(3, 'UTC')) AS counted_at,
    (
        SELECT groupArray((day, last_written_at))
        FROM
        (
            SELECT
                day,
                last_written_at,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.sessions_days
            WHERE is_whole
        )
        WHERE up_to_here - events < 3000000
    ) AS asked,
    asked.1 AS asked_days,
    arrayConcat(asked_days, arrayMap(day -> day + 1, asked_days)) AS read_days,
    steps AS
    (
        SELECT
            identity,
            occurred_at,
            event_type = 'page_view' AS is_page_view,
            page_url
        FROM ugc.events FINAL
        WHERE NOT is_bot
            AND (
                toDate(occurred_at) IN (SELECT arrayJoin(read_days))
                OR toDate(occurred_at + INTERVAL 30 MINUTE) IN (SELECT arrayJoin(asked_days))
            )
    ),
    people AS
    (
        SELECT
            identity,
            arraySort(groupArray((occurred_at, is_page_view, page_url))) AS way,
            arrayMap(step -> toUnixTimestamp64Milli(step.1), way) AS times
        FROM steps
        GROUP BY identity
    ),
    visits AS
    (
        SELECT
            identity,
            visit,
            arrayFilter(page -> page != '', visit.3) AS pages
        FROM people
        ARRAY JOIN arraySplit((step, silence) -> silence > 1800000, way, arrayDifference(times)) AS visit
    ),
    found AS
    (
        SELECT
            toDate(started_at) AS day,
            identity,
            visit[1].1 AS started_at,
            visit[-1].1 AS ended_at,
            toUInt64(length(visit)) AS events,
            toUInt64(arraySum(visit.2)) AS page_views,
            pages[1] AS entry_page,
            pages[-1] AS exit_page,
            false AS is_marker
        FROM visits
        WHERE day IN (SELECT arrayJoin(asked_days))
        UNION ALL
        SELECT
            arrayJoin(asked_days) AS day,
            '' AS identity,
            toDateTime64(0, 3, 'UTC') AS started_at,
            toDateTime64(0, 3, 'UTC') AS ended_at,
            0 AS events,
            0 AS page_views,
            '' AS entry_page,
            '' AS exit_page,
            true AS is_marker
    )
SELECT
    day,
    identity,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    exit_page,
    if(is_marker, counted_at - INTERVAL 1 MILLISECOND, counted_at) AS refreshed_at,
    asked[indexOf(asked_days, day)].2 AS seen_at
FROM found
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.sessions_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.sessions
AS SELECT
    day,
    identity,
    started_at,
    ended_at,
    events,
    page_views,
    entry_page,
    exit_page,
    refreshed_at,
    seen_at
FROM ugc.sessions_waiting
SETTINGS
    min_insert_block_size_rows = 1000000000,
    min_insert_block_size_bytes = 0;
