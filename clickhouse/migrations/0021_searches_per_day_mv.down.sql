-- What:   takes away what counts searches by day; the table stays, and readers see what was counted.

DROP VIEW IF EXISTS ugc.searches_per_day_mv;

DROP VIEW IF EXISTS ugc.searches_waiting;

DROP VIEW IF EXISTS ugc.searches_days;

DROP VIEW IF EXISTS ugc.searches_per_day_live;
