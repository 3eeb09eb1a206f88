"""The brief's comparison: the same rows and the same query in several systems."""
