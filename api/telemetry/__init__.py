"""What is counted and timed, and a line in the log for what is refused. Imports `pipeline`, `sink` and `server`."""
