"""Migrations, views and access as files, and as they are on a server. Imports `queue`, `connection`."""
