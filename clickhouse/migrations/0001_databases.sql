-- What:   the two databases. ugc holds what is stored, analytics holds views and is all that analysts are granted.
-- Why:    a grant on a database covers the views that are added later.
-- Query:  SHOW TABLES FROM analytics
-- Mind:   ugc exists already when this runs, because it keeps the list of applied migrations (ugc.schema_versions);
--         for the same reason the down file leaves it.

CREATE DATABASE IF NOT EXISTS ugc;

CREATE DATABASE IF NOT EXISTS analytics;
