"""What is counted, timed and logged. Imports `pipeline`, `sink`, `server`."""
