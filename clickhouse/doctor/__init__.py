"""One event followed through every stage, and why it stopped. Imports `queue`, `connection`."""
