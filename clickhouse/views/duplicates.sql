-- What:   rows that are stored under an id that another row has. One row per day and type of event that has any.
-- Why:    copies that are not merged yet mean that clients retry or that Kafka delivers again: look at acknowledgements
--         and at the consumer. What stays after merges are different events under one id: look at the client.
-- Query:  SELECT day, event_type, duplicates FROM analytics.duplicates ORDER BY duplicates DESC LIMIT 10
-- Mind:   an id counts once a day, where it was received first. Copies, which have the same type and person, are in no
--         view and go as parts merge. A second event under the same id, of another type or of somebody else, is an event
--         of its own: views show it, and so does this one, for as long as it is stored. The day is that of key_time, on
--         which all copies agree; 1970-01-01 holds events without a plausible time of their own.

CREATE OR REPLACE VIEW analytics.duplicates
(
    day Date COMMENT 'Day in UTC',
    event_type LowCardinality(String) COMMENT 'Type of the event',
    stored_rows UInt64 COMMENT 'Rows that are stored',
    events UInt64 COMMENT 'Ids of which the row that was received first is among them',
    duplicates UInt64 COMMENT 'stored_rows - events'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- by the sorting key, a day at a time, and only numbers: most days have none, and are read no further
    (
        SELECT groupArray(day)
        FROM
        (
            SELECT toDate(key_time) AS day
            FROM ugc.events
            GROUP BY day
            HAVING uniqExact(cityHash64(event_id)) < count()
            SETTINGS optimize_aggregation_in_order = 1
        )
    ) AS days,
    ids AS
    (
        SELECT
            toDate(key_time) AS day,
            event_id
        FROM ugc.events
        WHERE toDate(key_time) IN (SELECT arrayJoin(days))
        GROUP BY
            day,
            event_id
        HAVING count() > 1
    ),
    copies AS
    (
        SELECT
            day,
            copy.2 AS event_type,
            countIf(number > 1) AS duplicates
        FROM
        (
            SELECT
                toDate(key_time) AS day,
                event_id,
                arraySort(groupArray((received_at, event_type))) AS copies
            FROM ugc.events
            WHERE (toDate(key_time), event_id) IN (SELECT day, event_id FROM ids)
            GROUP BY
                day,
                event_id
        )
        ARRAY JOIN
            copies AS copy,
            arrayEnumerate(copies) AS number
        GROUP BY
            day,
            event_type
    ),
    stored AS
    (
        SELECT
            toDate(key_time) AS day,
            event_type,
            count() AS stored_rows
        FROM ugc.events
        WHERE toDate(key_time) IN (SELECT arrayJoin(days))
        GROUP BY
            day,
            event_type
    )
SELECT
    copies.day AS day,
    copies.event_type AS event_type,
    stored.stored_rows AS stored_rows,
    stored.stored_rows - copies.duplicates AS events,
    copies.duplicates AS duplicates
FROM copies
INNER JOIN stored ON stored.day = copies.day AND stored.event_type = copies.event_type
WHERE copies.duplicates > 0;
