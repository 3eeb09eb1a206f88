-- What:   takes the stored sessions away.
-- Mind:   they can be cut again from the landing table as far as that reaches.

DROP TABLE IF EXISTS ugc.sessions;
