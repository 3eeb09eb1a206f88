-- What:   takes page_views and its MV away; the landing table keeps the events. The MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.page_views_mv;

DROP TABLE IF EXISTS ugc.page_views;
