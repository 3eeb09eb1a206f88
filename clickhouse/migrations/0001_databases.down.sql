-- What:   takes the analysts' database away; ugc stays, it keeps the list of applied migrations.
-- Mind:   refuses when something that is no view of this project still lives there, by DROP … RESTRICT semantics:
--         the runner drops its own views before the last step down.

DROP DATABASE IF EXISTS analytics;
