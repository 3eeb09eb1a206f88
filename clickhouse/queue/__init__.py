"""The Kafka table on a server: its state, its brokers and login, its pause. Imports `connection`."""
