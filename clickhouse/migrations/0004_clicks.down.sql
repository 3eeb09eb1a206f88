-- What:   takes clicks and its MV away; the landing table keeps the events. The MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.clicks_mv;

DROP TABLE IF EXISTS ugc.clicks;
