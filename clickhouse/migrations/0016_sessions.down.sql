-- What:   takes the stored sessions away; they can be cut again from the landing table as far as that reaches.

DROP VIEW IF EXISTS ugc.sessions_mv;

DROP VIEW IF EXISTS ugc.sessions_live;

DROP VIEW IF EXISTS ugc.sessions_stale;

DROP TABLE IF EXISTS ugc.sessions;
