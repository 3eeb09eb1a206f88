-- What:   takes custom_events and its MV away; the landing table keeps the events. The MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.custom_events_mv;

DROP TABLE IF EXISTS ugc.custom_events;
