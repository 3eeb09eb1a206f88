"""From bytes to a line on the wire: event types, decoding, the named steps, encoding. Imports only `common`."""
