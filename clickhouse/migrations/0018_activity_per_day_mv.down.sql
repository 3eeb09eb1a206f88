-- What:   takes away what counts activity by day; the table stays, and readers see what was counted.

DROP VIEW IF EXISTS ugc.activity_per_day_mv;

DROP VIEW IF EXISTS ugc.activity_waiting;

DROP VIEW IF EXISTS ugc.activity_days;

DROP VIEW IF EXISTS ugc.activity_per_day_typed;

DROP VIEW IF EXISTS ugc.activity_per_day_live;
