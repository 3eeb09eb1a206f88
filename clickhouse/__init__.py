"""All that is ClickHouse: SQL of migrations, views, access and server, and `python -m clickhouse`, which applies it.

Rooms, each importing only those before it: connection, queue, schema and doctor, authoring and rows, cli. Rooms that
are named together do not import each other.
"""
