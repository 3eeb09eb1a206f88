-- What:   takes the landing table away, with every event in it.

DROP TABLE IF EXISTS ugc.events;
