-- What:   how long people stay on a page. One row per day (UTC) and page type.
-- Why:    the median says what is usual; the 90th and 99th percentile, how long the long visits are.
-- Query:  SELECT day, page_type, dwell_ms_p50 FROM analytics.page_dwell WHERE day >= today() - 7 ORDER BY day, page_type
-- Mind:   dwell is from opening to leaving, active only while the page was visible, which not every client sends.
--         Quantiles are exact up to 8,192 leaves in a row of the view, and estimated from as many beyond that.

CREATE OR REPLACE VIEW analytics.page_dwell
AS SELECT
    toDate(occurred_at) AS day,
    page_type,
    count() AS leaves,
    quantile(0.5)(dwell_ms) AS dwell_ms_p50,
    quantile(0.9)(dwell_ms) AS dwell_ms_p90,
    quantile(0.99)(dwell_ms) AS dwell_ms_p99,
    quantile(0.5)(active_ms) AS active_ms_p50,
    avg(scroll_percent) AS scroll_percent_avg
FROM analytics.page_leaves
GROUP BY
    day,
    page_type;
