"""All that is ClickHouse: migrations, views, and the runner `python -m clickhouse`."""
