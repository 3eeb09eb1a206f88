"""The consumer: its state, its pause, its offsets in Kafka. Imports only `connection`."""
