-- What:   takes the analysts' database away; ugc stays, it keeps the list of applied migrations.
-- Mind:   the views go with it; the next step up, `migrate`, makes them again from their files.

DROP DATABASE IF EXISTS analytics;
