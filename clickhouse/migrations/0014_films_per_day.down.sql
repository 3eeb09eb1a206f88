-- What:   takes the rollup films_per_day away.
-- Mind:   what is older than the rows of the other tables cannot be counted again: keep a copy first.

DROP TABLE IF EXISTS ugc.films_per_day;
