"""What the engine has, by whether it stays inside its own folder or reaches out of it: to files, servers, programs.

A test holds these lists against the engine's own, so that a new version brings nothing that is on neither.
"""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TABLE_FUNCTIONS_INSIDE: Final = _names(
    "dictionary format fuzzJSON fuzzQuery generateRandom generateSeries generate_series input loop merge "
    "mergeTreeAnalyzeIndexes mergeTreeAnalyzeIndexesUUID mergeTreeIndex mergeTreeProjection null numbers "
    "numbers_mt prometheusQuery prometheusQueryRange timeSeriesData timeSeriesMetrics timeSeriesSelector "
    "timeSeriesTags values view viewExplain viewIfPermitted zeros zeros_mt"
)
TABLE_FUNCTIONS_OUTSIDE: Final = _names(
    "azureBlobStorage azureBlobStorageCluster cluster clusterAllReplicas cosn deltaLake deltaLakeAzure "
    "deltaLakeAzureCluster deltaLakeCluster deltaLakeLocal deltaLakeS3 deltaLakeS3Cluster executable file "
    "fileCluster gcs hdfs hdfsCluster hudi hudiCluster iceberg icebergAzure icebergAzureCluster icebergCluster "
    "icebergHDFS icebergHDFSCluster icebergLocal icebergLocalCluster icebergS3 icebergS3Cluster jdbc mysql odbc "
    "oss paimon paimonAzure paimonAzureCluster paimonCluster paimonHDFS paimonHDFSCluster paimonLocal paimonS3 "
    "paimonS3Cluster postgresql python redis remote remoteSecure s3 s3Cluster sqlite url urlCluster ytsaurus"
)

# Kafka reaches a broker, and is there for that: events come in through it.
TABLE_ENGINES_INSIDE: Final = _names(
    "AggregatingMergeTree Alias Buffer CoalescingMergeTree CollapsingMergeTree Dictionary FuzzJSON FuzzQuery "
    "GenerateRandom GraphiteMergeTree Join Kafka KeeperMap Log Loop MaterializedView Memory Merge MergeTree Null "
    "ReplacingMergeTree ReplicatedAggregatingMergeTree ReplicatedCoalescingMergeTree "
    "ReplicatedCollapsingMergeTree ReplicatedGraphiteMergeTree ReplicatedMergeTree ReplicatedReplacingMergeTree "
    "ReplicatedSummingMergeTree ReplicatedVersionedCollapsingMergeTree Set StripeLog SummingMergeTree TimeSeries "
    "TinyLog VersionedCollapsingMergeTree View WindowView"
)
TABLE_ENGINES_OUTSIDE: Final = _names(
    "AzureBlobStorage AzureQueue COSN DeltaLake DeltaLakeAzure DeltaLakeLocal DeltaLakeS3 Distributed "
    "EmbeddedRocksDB Executable ExecutablePool File FileLog GCS HDFS Hudi Iceberg IcebergAzure IcebergHDFS "
    "IcebergLocal IcebergS3 JDBC MaterializedPostgreSQL MySQL ODBC OSS PostgreSQL Redis S3 S3Queue SQLite URL "
    "YTsaurus"
)

DATABASE_ENGINES_INSIDE: Final = _names("Atomic Dictionary Memory Ordinary Replicated")
DATABASE_ENGINES_OUTSIDE: Final = _names(
    "Backup DataLakeCatalog Filesystem HDFS MaterializedPostgreSQL MySQL PostgreSQL S3 SQLite"
)

# No table functions, and they reach out all the same: functions of expressions, and what describes a disk.
FUNCTIONS_OUTSIDE: Final = _names("catboostEvaluate disk file")

DICTIONARY_SOURCES_INSIDE: Final = frozenset((b"CLICKHOUSE", b"NULL"))

# Where a backup may go; the engine keeps its files below the one folder that its configuration names.
BACKUPS_INSIDE: Final = frozenset((b"File", b"Memory", b"Null"))

# They read a text as SQL: columns with their default expressions, values, or a whole query.
READS_SQL: Final = frozenset(
    b"clickhouse format fuzzjson generaterandom input null values viewifpermitted".split(),
)
