"""What authors of SQL use: validate, check, scaffold, dictionary, a throw-away engine. Imports `schema` and below."""
