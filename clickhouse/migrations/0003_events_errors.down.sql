-- What:   takes the errors table away, with everything in it.

DROP TABLE IF EXISTS ugc.events_errors;
