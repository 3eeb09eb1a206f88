"""The map of the house: which room imports which, read from the code."""
