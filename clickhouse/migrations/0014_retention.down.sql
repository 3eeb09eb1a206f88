-- What:   rows are kept without limit again.
-- Mind:   REMOVE TTL is refused where there is none, so a TTL is set right before: each pair can run twice.

ALTER TABLE ugc.custom_events MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.custom_events REMOVE TTL;

ALTER TABLE ugc.search_filters MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.search_filters REMOVE TTL;

ALTER TABLE ugc.video_progress MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.video_progress REMOVE TTL;

ALTER TABLE ugc.video_completions MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.video_completions REMOVE TTL;

ALTER TABLE ugc.video_quality_changes MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.video_quality_changes REMOVE TTL;

ALTER TABLE ugc.page_leaves MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.page_leaves REMOVE TTL;

ALTER TABLE ugc.page_views MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.page_views REMOVE TTL;

ALTER TABLE ugc.clicks MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.clicks REMOVE TTL;

ALTER TABLE ugc.events_errors MODIFY TTL toDateTime(inserted_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.events_errors REMOVE TTL;

ALTER TABLE ugc.events MODIFY TTL toDateTime(received_at) + toIntervalYear(50) SETTINGS materialize_ttl_after_modify = 0;

ALTER TABLE ugc.events REMOVE TTL;
