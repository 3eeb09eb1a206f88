"""What all parts must agree on: names, the environment's grammar, the way into Kafka, waiting. Imports no part."""
