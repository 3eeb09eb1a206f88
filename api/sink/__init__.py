"""Where events go, and the wait for the broker's acknowledgement. Imports only `common`."""
