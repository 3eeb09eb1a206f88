"""Where events go, and what waits for the broker's acknowledgement. Imports only `common`."""
