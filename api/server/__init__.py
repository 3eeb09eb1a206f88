"""The HTTP server's side: worker, protocol, deadlines, bodies. Imports `configuration`, `pipeline`."""
