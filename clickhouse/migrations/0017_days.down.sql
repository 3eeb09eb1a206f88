-- What:   takes away the list of days that are to be counted again, and what fills and reads it.
-- Mind:   the MVs go first, or inserts into the landing table would fail.

DROP VIEW IF EXISTS ugc.days_written;

DROP VIEW IF EXISTS ugc.events_late_mv;

DROP VIEW IF EXISTS ugc.days_requested_mv;

DROP TABLE IF EXISTS ugc.events_late;

DROP TABLE IF EXISTS ugc.days_requested;
