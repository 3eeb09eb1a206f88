-- What:   three roles: ugc_ingest writes events, ugc_analyst asks the views of analytics, ugc_dba looks after all of it.
-- Query:  SHOW GRANTS FOR ugc_analyst
-- Mind:   views run with the rights of whoever created them (DEFINER), so analysts need no right on ugc, where addresses and raw
--         payloads are. So do MVs: whoever writes into ugc.events needs no right on the typed tables.
--         A role is given to a user by hand: CREATE USER ann IDENTIFIED …; GRANT ugc_analyst TO ann;
--         ALTER USER ann DEFAULT ROLE ugc_analyst. Rights that a file no longer gives have to be revoked in it.

CREATE ROLE IF NOT EXISTS ugc_ingest;

CREATE ROLE IF NOT EXISTS ugc_analyst;

CREATE ROLE IF NOT EXISTS ugc_dba;

GRANT INSERT ON ugc.events TO ugc_ingest;

GRANT INSERT ON ugc.events_errors TO ugc_ingest;

GRANT SELECT, SHOW TABLES, SHOW COLUMNS ON analytics.* TO ugc_analyst;

GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW ON ugc.* TO ugc_dba;

GRANT SELECT, CREATE VIEW, DROP VIEW, ALTER VIEW, SHOW ON analytics.* TO ugc_dba;

GRANT SELECT ON system.* TO ugc_dba;

GRANT SYSTEM VIEWS, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM FLUSH LOGS, KILL QUERY ON *.* TO ugc_dba;
