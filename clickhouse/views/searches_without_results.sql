-- What:   what people searched for and did not find. One row per day and text that found nothing at least once.
-- Why:    a list of what to buy, or of what the search does not understand.
-- Query:  SELECT query, sum(without_results) AS without_results FROM analytics.searches_without_results GROUP BY query ORDER BY without_results DESC LIMIT 10
-- Mind:   texts are in lower case, without spaces around them; an empty one means that only filters were set. Bots are
--         left out.

CREATE OR REPLACE VIEW analytics.searches_without_results
(
    day Date COMMENT 'Day in UTC',
    query String COMMENT 'Text that was searched for',
    searches UInt64 COMMENT 'How often it was searched for',
    without_results UInt64 COMMENT 'Of them, those that found nothing',
    active_users UInt64 COMMENT 'People who searched for it',
    without_results_share Float64 COMMENT 'Of the searches of which the client told how much was found, the share that found nothing'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    day,
    query,
    searches,
    without_results,
    active_users,
    without_results / with_known_results AS without_results_share
FROM analytics.searches_per_day
WHERE without_results > 0;
