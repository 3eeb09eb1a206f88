"""Who may send, how much, and what is known about the sender. Imports `configuration`, `pipeline` and `server`."""
