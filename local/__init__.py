"""The embedded tier: broker, ClickHouse and API as child processes of one stack, and what keeps them in order."""
