-- What:   takes away what cuts sessions; the table stays, and readers see what was cut.

DROP VIEW IF EXISTS ugc.sessions_mv;

DROP VIEW IF EXISTS ugc.sessions_waiting;

DROP VIEW IF EXISTS ugc.sessions_days;

DROP VIEW IF EXISTS ugc.sessions_of_days;
