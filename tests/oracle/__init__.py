"""An oracle of the views of `analytics`: what must be in them, by the words of the dictionary, in another engine.

`lives` invents what people did and what was posted of it; `landing` makes of it the rows that the API and the queue
would land; `answers` computes every view from those rows in DuckDB, by the words of docs/dictionary.md alone, and
`compare` finds where a view differs. Nothing here may read the SQL of `clickhouse/`: what agrees with the oracle has
been understood twice.
"""
