"""What can be configured, and the grammar of each value. Imports only `common`."""
