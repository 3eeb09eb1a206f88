"""Benchmarks: one question a command, seeded data, figures as a table and as JSON."""
