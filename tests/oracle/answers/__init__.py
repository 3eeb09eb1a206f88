"""The right rows of every view, computed in DuckDB from what has landed, each by the dictionary's words beside it.

One module a family of views. `ledger` holds the rows; `catalogue` lists every question that is compared. What the words
leave open is decided here, in the docstrings, and belongs into the dictionary.
"""
