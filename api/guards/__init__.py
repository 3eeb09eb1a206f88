"""Who may send, how much, and what is kept of a sender. Imports `configuration`, `pipeline`, `server`."""
