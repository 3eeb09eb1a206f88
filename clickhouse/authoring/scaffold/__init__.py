"""`new event-type` and `new common-column`: literal SQL, written from the schema as it is, to be filled in by hand."""
