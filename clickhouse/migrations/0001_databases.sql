-- What:   the two databases. ugc holds what is stored, analytics holds views and is all that analysts are granted. And the list
--         of the view files that were applied.
-- Why:    a grant on a database covers the views that are added later.
-- Query:  SHOW TABLES FROM analytics
-- Mind:   ugc exists already when this runs, because it keeps the list of applied migrations (ugc.schema_versions);
--         for the same reason the down file leaves it.

CREATE DATABASE IF NOT EXISTS ugc;

CREATE DATABASE IF NOT EXISTS analytics;

CREATE TABLE IF NOT EXISTS ugc.view_files
(
    name LowCardinality(String) COMMENT 'View of the database analytics',
    mark String COMMENT 'Checksum of the files that it was made from; empty when it was dropped',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') COMMENT 'When it was made; the newest holds'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
COMMENT 'Which files the views were made from';
