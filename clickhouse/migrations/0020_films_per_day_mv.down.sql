-- What:   takes away what counts films by day; the table stays, and readers see what was counted.

DROP VIEW IF EXISTS ugc.films_per_day_mv;

DROP VIEW IF EXISTS ugc.films_waiting;

DROP VIEW IF EXISTS ugc.films_days;

DROP VIEW IF EXISTS ugc.films_per_day_live;
