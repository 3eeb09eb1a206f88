-- What:   how much is stored. One row per table that has rows.
-- Why:    what grows, and how well it is compressed.
-- Query:  SELECT table, rows, formatReadableSize(bytes) AS size, ratio FROM analytics.table_sizes ORDER BY bytes DESC
-- Mind:   rows counts copies that are not merged yet. Sizes are of columns, without indexes and marks, except
--         bytes_on_disk.

CREATE OR REPLACE VIEW analytics.table_sizes
(
    table String COMMENT 'Table of the database ugc',
    rows UInt64 COMMENT 'Rows, copies included',
    bytes UInt64 COMMENT 'Compressed size of the columns',
    uncompressed_bytes UInt64 COMMENT 'Size before compression',
    ratio Float64 COMMENT 'uncompressed_bytes / bytes',
    bytes_on_disk UInt64 COMMENT 'All of it on disk, with indexes and marks',
    bytes_per_row Float64 COMMENT 'bytes / rows',
    parts UInt64 COMMENT 'Active parts',
    partitions UInt64 COMMENT 'Partitions',
    modified_at DateTime('UTC') COMMENT 'When its newest part was written'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    p.table AS table,
    sum(p.rows) AS rows,
    sum(p.data_compressed_bytes) AS bytes,
    sum(p.data_uncompressed_bytes) AS uncompressed_bytes,
    uncompressed_bytes / bytes AS ratio,
    sum(p.bytes_on_disk) AS bytes_on_disk,
    bytes / rows AS bytes_per_row,
    count() AS parts,
    uniqExact(p.partition) AS partitions,
    toDateTime(max(p.modification_time), 'UTC') AS modified_at
FROM system.parts AS p
WHERE p.database = 'ugc' AND p.active AND p.rows > 0 AND p.table != 'schema_versions'
GROUP BY p.table;
