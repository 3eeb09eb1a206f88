-- What:   takes the consumer away. The queue goes first: without its MVs it would read on into nothing.
-- Mind:   the group ugc_clickhouse keeps its offsets in Kafka, so the next step up goes on where this one stopped.

DROP TABLE IF EXISTS ugc.events_queue;

DROP VIEW IF EXISTS ugc.events_mv;

DROP VIEW IF EXISTS ugc.events_errors_mv;
