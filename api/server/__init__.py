"""The HTTP server's side: workers, requests and their bodies, the log. Imports `configuration` and `pipeline`."""
