"""The cinema's audience, simulated with a seed and sent to the API over HTTP."""
