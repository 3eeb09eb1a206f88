"""The OpenAPI document and its examples, made from the types. Imports `resources`, `pipeline`."""
