"""One Falcon resource a file, and the table of errors. Imports all rooms but `documentation`."""
