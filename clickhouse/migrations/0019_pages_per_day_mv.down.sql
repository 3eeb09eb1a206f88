-- What:   takes away what counts pages by day; the table stays, and readers see what was counted.

DROP VIEW IF EXISTS ugc.pages_per_day_mv;

DROP VIEW IF EXISTS ugc.pages_waiting;

DROP VIEW IF EXISTS ugc.pages_days;

DROP VIEW IF EXISTS ugc.pages_per_day_live;
