-- What:   takes the stored sessions away; they can be cut again from the landing table as far as that reaches.
-- Mind:   REMOVE DEFAULT is refused where there is none, so one is set right before: the pair can run twice.

DROP VIEW IF EXISTS ugc.sessions_mv;

DROP VIEW IF EXISTS ugc.sessions_live;

DROP VIEW IF EXISTS ugc.sessions_stale;

DROP TABLE IF EXISTS ugc.sessions;

ALTER TABLE ugc.events DROP INDEX IF EXISTS inserted_at_minmax;

ALTER TABLE ugc.events MODIFY COLUMN inserted_at DEFAULT now64(3, 'UTC');

ALTER TABLE ugc.events MODIFY COLUMN inserted_at REMOVE DEFAULT;
