"""The HTTP service: validates behaviour events and answers once the broker has acknowledged them."""
