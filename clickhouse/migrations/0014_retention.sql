-- What:   how long rows are kept: landed events (the raw payloads) 90 days, typed rows 25 months, errors 30 days. Rollups,
--         which come next, have no limit.
-- Why:    payloads are most of the bytes and what a person would least like to see kept; the typed tables hold what the
--         questions need, the rollups what outlives both.
-- Query:  SELECT name, extract(engine_full, 'TTL (.*?) SETTINGS') FROM system.tables WHERE database = 'ugc'
-- Mind:   1. A landed row goes as a whole, not only its payload: what would stay stands in the typed tables already, and an
--            event without a typed table says nothing without its payload. So views that read analytics.events reach 90 days.
--         2. Days count from received_at, which the server sets: no clock of a client can keep or delete a row.
--         3. Changed by variables: UGC_RETENTION_PAYLOAD_DAYS (37 at least: rollups count the last 35 days anew),
--            UGC_RETENTION_TYPED_MONTHS (2 at least, for the same reason), UGC_RETENTION_ERRORS_DAYS; 50 years at most. `python -m clickhouse migrate` runs these statements
--            again when a variable has changed; a shorter time rewrites every part once, in the background.
--         4. Rows leave when their part is merged, at the latest about 4 hours after their time, not at the second.

ALTER TABLE ugc.events MODIFY TTL toDateTime(received_at) + toIntervalDay(${UGC_RETENTION_PAYLOAD_DAYS});

ALTER TABLE ugc.events_errors MODIFY TTL toDateTime(inserted_at) + toIntervalDay(${UGC_RETENTION_ERRORS_DAYS});

ALTER TABLE ugc.clicks MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.page_views MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.page_leaves MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.video_quality_changes MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.video_completions MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.video_progress MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.search_filters MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});

ALTER TABLE ugc.custom_events MODIFY TTL toDateTime(received_at) + toIntervalMonth(${UGC_RETENTION_TYPED_MONTHS});
