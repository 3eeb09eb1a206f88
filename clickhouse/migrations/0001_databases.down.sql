-- What:   takes the analysts' database and the list of its view files away; ugc stays, it keeps the list of applied migrations.
-- Mind:   the views go with it; the next step up, `migrate`, makes them again from their files.

DROP DATABASE IF EXISTS analytics;

DROP TABLE IF EXISTS ugc.view_files;
