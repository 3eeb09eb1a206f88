"""The way to a server: settings, client, errors. Imports `common`."""
