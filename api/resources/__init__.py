"""One Falcon resource per file, the routes, and the table of errors. Imports all rooms but `documentation`."""
