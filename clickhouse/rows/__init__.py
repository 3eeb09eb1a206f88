"""Rows that are already there: erased, counted again, replayed, rebuilt, reconciled. Imports `schema` and below."""
