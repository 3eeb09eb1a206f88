"""The OpenAPI document and its examples, made from the types and the errors. Imports any room."""
