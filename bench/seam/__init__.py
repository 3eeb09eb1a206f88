"""What the way from a socket to the application costs: the seam to the HTTP server, and its alternatives."""
