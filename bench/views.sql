-- What:   events of one day, written into the landing table, from where the MVs fill the typed tables.
-- Mind:   {day}: how many days ago; {events}: how many; {people}: how many people there are, of whom a third comes.
--         Ten events in a row are a visit of one person: pages opened and left, a click, a search, heartbeats of a film.
--         All is made from hashes of the day and the number, so the same parameters give the same events.

INSERT INTO ugc.events
(
    event_type, event_id, key_time, occurred_at, received_at, identity, user_id, anonymous_id, session_id, page_url,
    user_agent, ip, locale, timezone, screen_width, screen_height, app_version, is_bot, payload, kafka_topic,
    kafka_offset, kafka_timestamp, inserted_at
)
WITH
    {day:UInt32} AS days_ago,
    intDiv(number, 10) AS visit,
    number % 10 AS place,
    cityHash64(days_ago, visit) AS luck,
    cityHash64(days_ago, number, 1) AS chance,
    -- regulars come more often: the square of an even spread
    toUInt32(pow(luck % 1000000 / 1000000, 2) * {people:UInt32}) AS person,
    person % 5 != 0 AS signed_in,
    -- evenings are full: the later of two times of day
    greatest(intHash32(luck) % 84000, intHash32(luck + 1) % 84000) AS start_s,
    toDateTime64(today() - days_ago, 3, 'UTC') + start_s + place * 90 + chance % 60 AS at,
    multiIf(
        place IN (0, 4), 'page_view',
        place IN (2, 8), 'page_leave',
        place = 1, 'click',
        place = 3, if(chance % 2, 'search_filter', 'click'),
        place = 9, multiIf(chance % 4 = 0, 'video_complete', chance % 4 = 1, 'custom', 'video_quality_change'),
        'video_progress'
    ) AS type,
    if(place < 4, 0, 4) AS page,
    toUInt32(pow(cityHash64(luck, page) % 1000000 / 1000000, 3) * 2000) AS film,
    ['movie', 'category', 'promotion', 'recommendations', 'other'][1 + cityHash64(luck, page, 2) % 5] AS page_type,
    concat('tt', toString(film)) AS movie_id,
    toString(reinterpret(sipHash128(days_ago, visit, page), 'UUID')) AS view_id
SELECT
    type,
    reinterpret(sipHash128(days_ago, number), 'UUID'),
    at,
    at,
    at + 0.2,
    if(signed_in, concat('u', toString(person)), concat('a', toString(person))),
    if(signed_in, concat('u', toString(person)), ''),
    concat('a', toString(person)),
    concat('s', toString(luck)),
    concat('https://cinema.example/', page_type, '/', movie_id),
    concat('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/', toString(100 + person % 40), '.0 Safari/537.36'),
    concat('203.0.', toString(person % 256), '.0'),
    ['de-DE', 'en-US', 'ru-RU', 'fr-FR'][1 + person % 4],
    ['Europe/Berlin', 'America/New_York', 'Europe/Moscow', 'Europe/Paris'][1 + person % 4],
    1920,
    1080,
    '1.2.3',
    person % 50 = 7,
    multiIf(
        type = 'page_view', format(
            '{{"view_id":"{}","page_type":"{}","page_id":"{}","title":"Film {}"}}', view_id, page_type, movie_id, toString(film)
        ),
        type = 'page_leave', format(
            '{{"view_id":"{}","page_type":"{}","page_id":"{}","dwell_ms":{},"active_ms":{},"scroll_percent":{} }}',
            view_id, page_type, movie_id, toString(1000 + chance % 300000), toString(1000 + chance % 200000), toString(chance % 101)
        ),
        type = 'click', format(
            '{{"element":"{}","element_id":"{}","x":{},"y":{} }}',
            ['movie', 'trailer', 'category', 'navigation', 'other'][1 + chance % 5], movie_id, toString(chance % 1900), toString(chance % 1000)
        ),
        type = 'search_filter', format(
            '{{"query":"film {}","genres":["{}","{}"],"actors":["Actor {}"],"rating_min":{},"year_from":{},"results_count":{} }}',
            toString(film), ['drama', 'comedy', 'crime', 'horror'][1 + chance % 4], ['war', 'family', 'music'][1 + chance % 3],
            toString(chance % 500), toString(chance % 10), toString(1950 + chance % 70), toString(chance % 7)
        ),
        type = 'video_progress', format(
            '{{"movie_id":"{}","position_ms":{},"duration_ms":6000000,"state":"{}"}}',
            movie_id, toString(chance % 6000000), ['playing', 'playing', 'playing', 'paused', 'buffering'][1 + chance % 5]
        ),
        type = 'video_complete', format('{{"movie_id":"{}","duration_ms":6000000,"watched_ms":5900000}}', movie_id),
        type = 'video_quality_change', format(
            '{{"movie_id":"{}","from_quality":"720p","to_quality":"{}","automatic":{} }}',
            movie_id, ['480p', '1080p'][1 + chance % 2], ['true', 'false'][1 + chance % 2]
        ),
        '{"name":"idea","properties":{"variant":"b"}}'
    ),
    'ugc.events',
    visit,
    at + 0.2,
    at + 0.4
FROM numbers({events:UInt64})
-- the day is not over: nothing has happened yet that comes later
WHERE at < now64(3, 'UTC');
