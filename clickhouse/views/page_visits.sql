-- What:   pages from opening to leaving. One row per page view.
-- Why:    what was looked at, and for how long.
-- Query:  SELECT page_id, count() AS visits, median(dwell_ms) FROM analytics.page_visits WHERE day >= today() - 7 AND page_type = 'movie' GROUP BY page_id ORDER BY visits DESC LIMIT 10
-- Mind:   a view and its leaves carry the same view_id. A page may be left several times (another tab, and back):
--         left_at and the times are those of its last leave, and NULL without any (a crash, a lost beacon). Bots are
--         left out.

CREATE OR REPLACE VIEW analytics.page_visits
(
    day Date COMMENT 'Day in UTC',
    view_id UUID COMMENT 'One opening of the page',
    identity String COMMENT 'Who: user_id, else anonymous_id',
    opened_at DateTime64(3, 'UTC') COMMENT 'When it was opened',
    left_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it was left, NULL when not known',
    page_type LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    page_id String COMMENT 'Id of the page, empty when not given',
    title String COMMENT 'Title of the page, empty when not given',
    dwell_ms Nullable(UInt32) COMMENT 'Milliseconds from opening to leaving',
    active_ms Nullable(UInt32) COMMENT 'Milliseconds of them while the page was visible',
    scroll_percent Nullable(UInt8) COMMENT 'How far it was scrolled, 0 to 100'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toDate(v.occurred_at) AS day,
    v.view_id AS view_id,
    v.identity AS identity,
    v.occurred_at AS opened_at,
    l.left_at AS left_at,
    v.page_type AS page_type,
    v.page_id AS page_id,
    v.title AS title,
    l.dwell_ms AS dwell_ms,
    l.active_ms AS active_ms,
    l.scroll_percent AS scroll_percent
FROM analytics.page_views AS v
LEFT JOIN
(
    SELECT
        view_id,
        last_leave.1 AS left_at,
        last_leave.2 AS dwell_ms,
        last_leave.3 AS active_ms,
        last_leave.4 AS scroll_percent
    FROM
    (
        SELECT
            view_id,
            -- a tuple, because argMax alone passes over NULLs and would take a value of an earlier leave
            argMax(
                (toNullable(occurred_at), dwell_ms, active_ms, scroll_percent),
                (occurred_at, ifNull(dwell_ms, 0), event_id)
            ) AS last_leave
        FROM analytics.page_leaves
        WHERE NOT is_bot
        GROUP BY view_id
    )
) AS l ON l.view_id = v.view_id
WHERE NOT v.is_bot;
