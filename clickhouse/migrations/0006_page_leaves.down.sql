-- What:   takes page_leaves and its MV away; the landing table keeps the events. The MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.page_leaves_mv;

DROP TABLE IF EXISTS ugc.page_leaves;
