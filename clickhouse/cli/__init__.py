"""The command line, one module per command. Imports every other room; only `clickhouse.__main__` imports it."""
