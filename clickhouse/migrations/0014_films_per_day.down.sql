-- What:   takes the rollup films_per_day away.
-- Mind:   what is older than the rows of the other tables cannot be counted again: keep a copy first.

DROP VIEW IF EXISTS ugc.films_per_day_mv;

DROP TABLE IF EXISTS ugc.films_per_day;

DROP VIEW IF EXISTS ugc.films_per_day_live;
