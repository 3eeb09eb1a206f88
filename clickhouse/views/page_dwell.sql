-- What:   how long people stay on a page. One row per day and page type.
-- Why:    the median says what is usual; the 90th and 99th percentiles, how long the long visits are.
-- Query:  SELECT day, page_type, dwell_ms_p50 FROM analytics.page_dwell WHERE day >= today() - 7 ORDER BY day, page_type
-- Mind:   a page that is left several times (another tab, and back) counts once, by its last leave. dwell is from
--         opening to leaving; active is the part of it in which the page was visible, which not every client sends.
--         Quantiles are exact up to 8,192 leaves a row, and estimated beyond. Bots are left out.

CREATE OR REPLACE VIEW analytics.page_dwell
(
    day Date COMMENT 'Day in UTC',
    page_type LowCardinality(String) COMMENT 'Kind of page: movie, category, promotion, recommendations, other',
    leaves UInt64 COMMENT 'Pages that were left, each once',
    dwell_ms_p50 Float64 COMMENT 'Median of the milliseconds from opening to leaving',
    dwell_ms_p90 Float64 COMMENT '90th percentile of them',
    dwell_ms_p99 Float64 COMMENT '99th percentile of them',
    active_ms_p50 Nullable(Float64) COMMENT 'Median of the milliseconds while the page was visible',
    scroll_percent_avg Nullable(Float64) COMMENT 'Mean of how far it was scrolled, 0 to 100'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    left_pages AS
    (
        SELECT
            argMax(
                (occurred_at, page_type, dwell_ms, active_ms, scroll_percent),
                (occurred_at, ifNull(dwell_ms, 0), event_id)
            ) AS leave
        FROM analytics.page_leaves
        WHERE NOT is_bot
        GROUP BY view_id
    )
SELECT
    toDate(leave.1) AS day,
    leave.2 AS page_type,
    count() AS leaves,
    ifNull(quantiles(0.5, 0.9, 0.99)(leave.3) AS dwell, [0., 0., 0.])[1] AS dwell_ms_p50,
    ifNull(dwell, [0., 0., 0.])[2] AS dwell_ms_p90,
    ifNull(dwell, [0., 0., 0.])[3] AS dwell_ms_p99,
    quantile(0.5)(leave.4) AS active_ms_p50,
    avg(leave.5) AS scroll_percent_avg
FROM left_pages
GROUP BY
    day,
    page_type;
