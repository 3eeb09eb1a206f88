-- What:   how a day of activity is counted, and when. Views: activity_per_day_live, a day as its rows are now;
--         activity_per_day_typed, the same from typed tables (a pattern of their names), for `erase`; activity_days, which
--         days were written since they were counted; activity_waiting, what the next refresh writes. activity_per_day_mv,
--         which writes it. The next three files do the same for pages, films and searches.
-- Why:    decision 7. One text says how a day is counted: readers take yesterday and today from activity_per_day_live, and
--         refreshes and commands write what it says of other days.
-- Query:  SELECT day, written_at, counted_at, is_whole FROM ugc.activity_days ORDER BY day DESC
-- Mind:   1. A day waits when it was written after what its newest count saw (seen_at), and once more ten minutes after a
--            count that came within ten minutes of a write: an insert that was under way is not missed, nor a typed row
--            that came a moment after its event. Only days that are over are counted, and only whole ones (0017_days.sql).
--         2. The newest days first, up to ten million events at a time and a day at least, so that memory is bounded. The
--            clock and the list of days are scalar subqueries, which are asked once for all of a query: every row of a count
--            has the same time, and no day is marked as counted that was not.
--         3. The row that marks a day as counted is a millisecond older than the others: where it has the key of a real row
--            (searches without a text), a merge keeps the real one, and when the last row of a count is erased, it holds.
--         4. A count that finds fewer events than the one before writes nothing (least_events): that the landing table is
--            whole does not say that a typed one is.
--         5. A refresh writes one block, so that each day is in one part, and no crash leaves half of a day. With nothing to
--            count it writes nothing. The UNION stands in a view: in the MV itself it would fail after ATTACH and RESTORE.
--         6. Counts that claim to be of later than now are not looked at, so a wrong clock hides no newer one for long; and
--            a day that was written later than now is counted every ten minutes.
--         7. More traffic than a refresh every 20 seconds can count: ALTER TABLE … MODIFY REFRESH EVERY 5 MINUTE APPEND.

CREATE OR REPLACE VIEW ugc.activity_per_day_live
AS SELECT
    toDate(occurred_at) AS day,
    cityHash64(identity) AS identity_hash,
    toUInt64(count()) AS events,
    max(user_id != '') AS signed_in,
    min(received_at) AS first_received_at
FROM ugc.events FINAL
WHERE NOT is_bot
GROUP BY
    day,
    identity_hash
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ugc.activity_per_day_typed
AS SELECT
    toDate(occurred_at) AS day,
    cityHash64(identity) AS identity_hash,
    toUInt64(count()) AS events,
    max(user_id != '') AS signed_in,
    min(received_at) AS first_received_at
FROM merge('ugc', {tables:String}) FINAL
WHERE NOT is_bot
GROUP BY
    day,
    identity_hash
SETTINGS do_not_merge_across_partitions_select_final = 1;

CREATE OR REPLACE VIEW ugc.activity_days
AS WITH
    now64(3, 'UTC') AS now,
    counted AS
    (
        SELECT
            day,
            arrayMax(groupArray((refreshed_at, last_seen_at, counted_events))) AS newest
        FROM
        (
            SELECT
                day,
                refreshed_at,
                seen_at AS last_seen_at,
                sum(events) AS counted_events
            FROM ugc.activity_per_day
            WHERE refreshed_at <= now64(3, 'UTC')
            GROUP BY
                day,
                refreshed_at,
                seen_at
        )
        GROUP BY day
    )
SELECT
    written.day AS day,
    written.written_at AS written_at,
    counted.newest.1 AS counted_at,
    counted.newest.2 AS last_seen_at,
    written.is_whole AS is_whole,
    written.events AS events,
    toInt64(counted.newest.3)
        - arraySum(request -> if(request.1 > last_seen_at, request.2, 0), written.requests) AS least_events
FROM ugc.days_written AS written
LEFT JOIN counted ON counted.day = written.day
WHERE written.day < toDate(now)
    AND (
        written.written_at > last_seen_at
        OR (last_seen_at >= counted_at - INTERVAL 10 MINUTE AND counted_at <= now - INTERVAL 10 MINUTE)
    );

CREATE OR REPLACE VIEW ugc.activity_waiting
AS WITH
    (SELECT now64(3, 'UTC')) AS counted_at,
    (
        SELECT groupArray((day, written_at, least_events))
        FROM
        (
            SELECT
                day,
                written_at,
                least_events,
                events,
                sum(events) OVER (ORDER BY day DESC) AS up_to_here
            FROM ugc.activity_days
            WHERE is_whole
        )
        WHERE up_to_here - events < 10000000
    ) AS asked,
    asked[indexOf(asked.1, day)] AS its
SELECT
    day,
    identity_hash,
    events,
    signed_in,
    first_received_at,
    if(is_marker, counted_at - INTERVAL 1 MILLISECOND, counted_at) AS refreshed_at,
    its.2 AS seen_at
FROM
(
    SELECT
        day,
        identity_hash,
        events,
        signed_in,
        first_received_at,
        false AS is_marker
    FROM ugc.activity_per_day_live
    WHERE day IN (SELECT arrayJoin(asked.1))
    UNION ALL
    SELECT
        arrayJoin(asked.1) AS day,
        0 AS identity_hash,
        0 AS events,
        0 AS signed_in,
        toDateTime64(0, 3, 'UTC') AS first_received_at,
        true AS is_marker
)
QUALIFY sum(events) OVER (PARTITION BY day) >= its.3;

CREATE MATERIALIZED VIEW IF NOT EXISTS ugc.activity_per_day_mv
REFRESH EVERY 20 SECOND APPEND TO ugc.activity_per_day
AS SELECT
    day,
    identity_hash,
    events,
    signed_in,
    first_received_at,
    refreshed_at,
    seen_at
FROM ugc.activity_waiting
SETTINGS
    min_insert_block_size_rows = 1000000000,
    min_insert_block_size_bytes = 0;
