-- What:   how many of those who look also click, and on what. One row per day and element that was clicked.
-- Why:    whether an element earns its place.
-- Query:  SELECT day, active_users, viewers, click_through FROM analytics.click_through WHERE element = 'trailer' ORDER BY day
-- Mind:   element is the kind: movie, trailer, category, navigation, other. viewers are all people who opened a page on
--         the day; active_users counts a person once for an element however often it is clicked, clicks counts each
--         time. A person who clicks without having opened a page on that day (it was opened before midnight) is in
--         active_users only. Bots are left out.

CREATE OR REPLACE VIEW analytics.click_through
(
    day Date COMMENT 'Day in UTC',
    element LowCardinality(String) COMMENT 'What was clicked: movie, trailer, category, navigation, other',
    clicks UInt64 COMMENT 'How often it was clicked',
    active_users UInt64 COMMENT 'People who clicked it',
    viewers UInt64 COMMENT 'People who opened any page on the day',
    click_through Nullable(Float64) COMMENT 'active_users / viewers, NULL when nobody opened a page'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    clicked AS
    (
        SELECT
            toDate(occurred_at) AS day,
            element,
            count() AS clicks,
            uniqExact(cityHash64(identity)) AS active_users
        FROM analytics.clicks
        WHERE NOT is_bot
        GROUP BY
            day,
            element
    ),
    viewed AS
    (
        SELECT
            toDate(occurred_at) AS day,
            uniqExact(cityHash64(identity)) AS viewers
        FROM analytics.page_views
        WHERE NOT is_bot
        GROUP BY day
    )
SELECT
    clicked.day AS day,
    clicked.element AS element,
    clicked.clicks AS clicks,
    clicked.active_users AS active_users,
    viewed.viewers AS viewers,
    clicked.active_users / nullIf(viewed.viewers, 0) AS click_through
FROM clicked
LEFT JOIN viewed ON viewed.day = clicked.day;
