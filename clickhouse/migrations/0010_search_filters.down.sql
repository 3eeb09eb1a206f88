-- What:   takes search_filters and its MV away; the landing table keeps the events. The MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.search_filters_mv;

DROP TABLE IF EXISTS ugc.search_filters;
