"""What can be configured, and the grammars of the values. Imports only `common`."""
