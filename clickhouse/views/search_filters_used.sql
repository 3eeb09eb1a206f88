-- What:   which filters people set. One row per day, kind of filter and its value.
-- Why:    which filters are worth their place, and what people look for.
-- Query:  SELECT value, sum(searches) AS searches FROM analytics.search_filters_used WHERE filter = 'genre' GROUP BY value ORDER BY searches DESC LIMIT 10
-- Mind:   filter is genre, actor, rating or years. Values are in lower case, without spaces around them. A search with
--         two genres is in two rows. Ratings and years are ranges as text, open where there is no bound: 7-, -1999,
--         1990-1999. Bots are left out.

CREATE OR REPLACE VIEW analytics.search_filters_used
(
    day Date COMMENT 'Day in UTC',
    filter String COMMENT 'Kind of filter: genre, actor, rating, years',
    value String COMMENT 'What was chosen',
    searches UInt64 COMMENT 'Searches with it',
    active_users UInt64 COMMENT 'People who searched with it'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    toDate(occurred_at) AS day,
    chosen.1 AS filter,
    chosen.2 AS value,
    count() AS searches,
    uniqExact(cityHash64(identity)) AS active_users
FROM analytics.search_filters
ARRAY JOIN arrayConcat(
    arrayMap(genre -> ('genre', genre), arrayDistinct(arrayMap(genre -> lowerUTF8(trim(toString(genre))), genres))),
    arrayMap(actor -> ('actor', actor), arrayDistinct(arrayMap(actor -> lowerUTF8(trim(actor)), actors))),
    if(
        rating_min IS NULL AND rating_max IS NULL,
        [],
        [('rating', concat(ifNull(toString(rating_min), ''), '-', ifNull(toString(rating_max), '')))]
    ),
    if(
        year_from IS NULL AND year_to IS NULL,
        [],
        [('years', concat(ifNull(toString(year_from), ''), '-', ifNull(toString(year_to), '')))]
    )
) AS chosen
WHERE NOT is_bot
GROUP BY
    day,
    filter,
    value;
