"""What authors of SQL use, on files and throw-away engines: check, validate, scaffold. Imports `schema`."""
