-- What:   what analysts may use: read-only, a minute and 2 GB a query, 500 queries and 20 minutes of work an hour.
-- Query:  SELECT * FROM system.quotas_usage
-- Mind:   the limits hold for each user by name. A tool that sends many small questions for many people needs a user and
--         a quota of its own. readonly = 2 lets a client change settings, as drivers do, but not those named here.

CREATE SETTINGS PROFILE IF NOT EXISTS ugc_analyst;

ALTER SETTINGS PROFILE ugc_analyst SETTINGS
    readonly = 2 CONST,
    max_execution_time = 60 MAX 60,
    max_memory_usage = 2000000000 MAX 2000000000,
    max_bytes_before_external_group_by = 1000000000 CONST,
    max_bytes_before_external_sort = 1000000000 CONST,
    max_result_rows = 1000000 MAX 1000000,
    max_threads = 2 MAX 2,
    priority = 5 CONST
TO ugc_analyst;

CREATE QUOTA IF NOT EXISTS ugc_analyst;

ALTER QUOTA ugc_analyst
    KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 500, execution_time = 1200
TO ugc_analyst;
