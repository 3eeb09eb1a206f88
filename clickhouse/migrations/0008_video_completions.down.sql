-- What:   takes video_completions and its MV away; the landing table keeps the events. The MV goes first, or inserts would fail.

DROP VIEW IF EXISTS ugc.video_completions_mv;

DROP TABLE IF EXISTS ugc.video_completions;
